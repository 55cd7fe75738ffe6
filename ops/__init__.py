"""Operators behind one function each.

Each folder is one operator: `from ops.deform_conv2d import deform_conv2d`. Its `reference.py` is
the definition in plain torch; whatever else computes it must give the same. Nothing here knows of
the rest of the program.
"""
