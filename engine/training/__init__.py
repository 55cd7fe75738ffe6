"""Training: data, runs and the weights that come with LabSight."""
