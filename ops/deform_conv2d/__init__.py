"""Deformable convolution, with and without modulation."""

from ops.deform_conv2d.operator import deform_conv2d

__all__ = ["deform_conv2d"]
