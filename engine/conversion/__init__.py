"""Weights written in the formats of other programs, each by a process of its own."""
