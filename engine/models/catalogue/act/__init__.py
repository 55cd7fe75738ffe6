"""Activations, in the place of SiLU everywhere."""
