"""Measurements of LabSight, each against a target: `python -m benchmarks`."""
