"""Multi-scale deformable attention."""

from ops.ms_deform_attn.operator import ms_deform_attn

__all__ = ["ms_deform_attn"]
