"""What a snake convolution reads."""

from ops.snake_gather.operator import snake_gather

__all__ = ["snake_gather"]
