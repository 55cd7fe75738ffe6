"""Validation of masks that are finer than those of the stock networks."""

from __future__ import annotations

from typing import Any

from torch.nn import functional
from ultralytics.models.yolo.segment import SegmentationValidator

STRIDE = 4
"""Of the masks that ultralytics compares with the labels, in pixels of the input."""


class FineMaskValidator(SegmentationValidator):  # type: ignore[misc] # ultralytics is not typed
    """Ultralytics' validator for networks whose masks have another stride than 4.

    It takes the masks' stride for granted where it crops them to their boxes. Here they are brought
    to it first, so that figures of networks with and without a level p2 mean the same.

    Attributes:
        stride_of_masks: Of the network, in pixels of the input.
    """

    stride_of_masks = STRIDE

    def postprocess(self, preds: Any) -> Any:  # noqa: ANN401 - nested tuples of tensors
        """Return the detections of each picture with their masks at a quarter of the input."""
        first, *rest = preds
        if isinstance(first, tuple):
            return super().postprocess(((first[0], self._coarser(first[1])), *rest))
        return super().postprocess((first, self._coarser(rest[0]), *rest[1:]))

    def _coarser(self, prototypes: Any) -> Any:  # noqa: ANN401
        factor = self.stride_of_masks / STRIDE
        return functional.interpolate(prototypes, scale_factor=factor, mode="area")
