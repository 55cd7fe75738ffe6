"""What a snake convolution reads."""

from ops.snake_gather.reference import snake_gather

__all__ = ["snake_gather"]
