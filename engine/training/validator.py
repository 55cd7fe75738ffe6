"""Ultralytics' validators, with what they see on the way kept for the person who watches."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.nn import functional

STRIDE = 4
"""Of the masks that ultralytics compares with the labels, in pixels of the input."""

CONFIDENCE = 0.25
"""Objects above this are counted in the confusion matrix and drawn in previews."""


class Watched:
    """What all our validators have beyond ultralytics'; stands before it among the bases.

    Attributes:
        counts_confusions: The confusion matrix is filled.
        wanted: Files whose predictions are kept in `caught`.
        caught: By file: the picture as the network saw it [3, H, W], its padding, and what was
            found in it, as ultralytics has it, above `CONFIDENCE`; with `right` [N] bool, whether
            each is a labelled object, and `labelled`, how many there are.
        stride_of_masks: Of the network, in pixels of the input.
    """

    counts_confusions = False
    wanted: frozenset[str] = frozenset()
    stride_of_masks = STRIDE

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        """Catch nothing yet."""
        super().__init__(*arguments, **options)
        self.caught: dict[str, dict[str, Any]] = {}

    def update_metrics(self: Any, preds: Any, batch: Any) -> None:  # noqa: ANN401
        """Count what was found, and keep what is wanted of it."""
        for index, file in enumerate(batch.get("im_file", ())):
            if file in self.wanted:
                self.caught[file] = self._catch(preds[index], batch, index)
        super().update_metrics(preds, batch)  # type: ignore[misc]

    def postprocess(self: Any, preds: Any) -> Any:  # noqa: ANN401 - nested tuples of tensors
        """Return the detections of each picture, masks at a quarter of the input.

        Ultralytics takes that stride for granted where it crops masks to their boxes, so finer
        ones are brought to it first: figures with and without a level p2 mean the same.
        """
        if self.stride_of_masks != STRIDE:
            first, *rest = preds
            preds = (
                ((first[0], self._coarser(first[1])), *rest)
                if isinstance(first, tuple)
                else (first, self._coarser(rest[0]), *rest[1:])
            )
        return super().postprocess(preds)  # type: ignore[misc]

    def _process_batch(self: Any, preds: Any, batch: Any) -> Any:  # noqa: ANN401
        if self.counts_confusions:
            self.confusion_matrix.process_batch(preds, batch, conf=CONFIDENCE)
        return super()._process_batch(preds, batch)  # type: ignore[misc]

    def _coarser(self, prototypes: Any) -> Any:  # noqa: ANN401
        factor = self.stride_of_masks / STRIDE
        return functional.interpolate(prototypes, scale_factor=factor, mode="area")

    def _catch(self: Any, found: Any, batch: Any, index: int) -> dict[str, Any]:  # noqa: ANN401
        likely = found["conf"] > CONFIDENCE
        kept = {name: values[likely].cpu() for name, values in found.items()}
        truth = self._prepare_batch(index, batch)
        right = super()._process_batch(  # type: ignore[misc]
            {name: values[likely] for name, values in found.items()}, truth
        )
        return kept | {
            "image": batch["img"][index].cpu(),
            "ratio_pad": batch["ratio_pad"][index],
            "right": torch.as_tensor(right["tp"][:, 0], dtype=torch.bool),
            "labelled": len(truth["cls"]),
        }


def watched(validator: Any, stride_of_masks: int) -> Any:  # noqa: ANN401
    """Return a validator as one of ultralytics', that can be watched.

    Args:
        validator: As a trainer of ultralytics made it, unused.
        stride_of_masks: Of the network, in pixels of the input.
    """
    base = type(validator)
    kind = type(base.__name__, (Watched, base), {"stride_of_masks": stride_of_masks})
    return kind(
        validator.dataloader, validator.save_dir, copy.copy(validator.args), validator.callbacks
    )
