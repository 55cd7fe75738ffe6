"""The selective scan of state-space models, and maps as the sequences that it reads."""

from ops.selective_scan.cross import DIRECTIONS, cross_merge, cross_scan
from ops.selective_scan.operator import selective_scan

__all__ = ["DIRECTIONS", "cross_merge", "cross_scan", "selective_scan"]
