"""Detection without a window: sources, networks, results on disk, exports."""
