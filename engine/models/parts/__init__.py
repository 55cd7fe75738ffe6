"""What several entries of the catalogue are made of."""
