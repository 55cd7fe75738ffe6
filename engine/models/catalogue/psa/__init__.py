"""Attention at the end of the backbone, in the place of C2PSA."""
