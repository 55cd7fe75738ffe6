"""Attention layers that are added behind a node."""
