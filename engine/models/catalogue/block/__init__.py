"""Blocks that do most of the work, in the place of C3k2."""
