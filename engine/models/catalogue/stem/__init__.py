"""First layers, from the picture to half its size."""
