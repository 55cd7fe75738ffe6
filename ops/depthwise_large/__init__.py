"""Depthwise convolutions with large kernels."""

from ops.depthwise_large.convolution import SMALLEST, depthwise_conv2d

__all__ = ["SMALLEST", "depthwise_conv2d"]
