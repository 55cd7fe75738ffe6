"""Deformable convolution, with and without modulation."""

from ops.deform_conv2d.reference import deform_conv2d

__all__ = ["deform_conv2d"]
