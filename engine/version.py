"""The name and the version of LabSight, stated once."""

NAME = "LabSight"
__version__ = "0.1.0"
