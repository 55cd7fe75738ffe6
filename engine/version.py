"""The version of LabSight, stated once."""

__version__ = "0.1.0"
