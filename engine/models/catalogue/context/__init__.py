"""Pooling that sees large surroundings, in the place of SPPF."""
