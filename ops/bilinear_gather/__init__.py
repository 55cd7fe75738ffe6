"""Values of a map between its pixels."""

from ops.bilinear_gather.operator import bilinear_gather

__all__ = ["bilinear_gather"]
