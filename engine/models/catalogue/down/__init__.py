"""Layers that halve height and width."""
