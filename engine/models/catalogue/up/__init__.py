"""Layers that double height and width."""
