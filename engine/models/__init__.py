"""Models: reading weights files."""
