"""3×3 convolutions inside the blocks."""
