"""The detector: a picture in, a result out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine import device
from engine.config import RunConfig
from engine.errors import SettingError
from engine.i18n import N_
from engine.inference import candidates as proposals
from engine.inference.backends.base import Backend
from engine.inference.decode import decode
from engine.inference.mask_decoder import MaskDecoder
from engine.inference.preprocess import Letterbox, centre_crop
from engine.types import (
    Candidates,
    Detections,
    Float32,
    Frame,
    ModelInfo,
    Result,
    Rle,
    Timing,
)


class Detector(Protocol):
    """Finds objects in frames. Belongs to one thread.

    Attributes:
        info: The model in use.
        device: What it runs on, in words.
    """

    info: ModelInfo
    device: str

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        """Return what is in the frame at the config's thresholds."""

    def side_by_side(self, count: int) -> Sequence[Detector]:
        """Return up to so many detectors of the model that may work at once, itself the first.

        They share the processor; a count of 1 gives it back to this one alone.
        """

    def close(self) -> None:
        """Free the model's memory."""


def open_detector(config: RunConfig) -> Detector:
    """Load the weights of a config into the backend it names.

    Raises:
        WeightsError: The weights cannot be used.
        DeviceError: The device cannot be used.
    """
    from engine.inference.backends.torch_backend import TorchBackend

    return YoloDetector(TorchBackend(config.weights, config.device))


def class_indices(names: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...] | None:
    """Return the indices of classes given by name or number, None for all.

    Raises:
        SettingError: A class is unknown.
    """
    if not wanted:
        return None
    by_name = {name.casefold(): index for index, name in reversed(list(enumerate(names)))}
    found = []
    for entry in wanted:
        index = by_name.get(entry.strip().casefold())
        if index is None and entry.strip().isdecimal() and int(entry) < len(names):
            index = int(entry)
        if index is None:
            raise SettingError(
                N_("The model has no class {name}."),
                N_("Its classes are: {names}."),
                name=entry,
                names=", ".join(names[:20]) + (" …" if len(names) > 20 else ""),
            )
        found.append(index)
    return tuple(dict.fromkeys(found))


class YoloDetector:
    """Pre-processing, a backend's network and post-processing."""

    def __init__(self, backend: Backend) -> None:
        """Take a loaded network."""
        self._backend = backend
        self._twins: list[YoloDetector] = []
        self.info = backend.info
        self.device = backend.device

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        """Return what is in the frame at the config's thresholds."""
        if self.info.task == "classify":
            return self._classify(frame, config)
        began = time.perf_counter()
        size = frame.height, frame.width
        longest = config.input_size or self.info.input_size
        letterbox = Letterbox.fit(size, longest, self.info.stride)
        image = letterbox.apply(frame.image)
        ready = time.perf_counter()
        output = self._backend.run(image)
        answered = time.perf_counter()
        decoded = decode(output, self.info, letterbox, min(proposals.FLOOR, config.confidence))
        chosen = proposals.choose(
            decoded.candidates,
            confidence=config.confidence,
            iou=config.iou,
            classes=class_indices(self.info.names, config.classes),
            most=config.max_detections,
        )
        stay = proposals.worth_keeping(decoded.candidates, chosen)
        kept, chosen = proposals.take(decoded.candidates, stay), np.searchsorted(stay, chosen)
        if output.prototypes is not None and decoded.coefficients is not None:
            decoder = MaskDecoder(output.prototypes, letterbox)
            worth = proposals.worth_a_mask(kept, chosen, config.iou)
            kept = _with_masks(kept, decoded.coefficients[stay], worth, decoder)
        found = proposals.detections(kept, chosen, size)
        return Result(frame, found, kept, _timing(began, ready, answered))

    def _classify(self, frame: Frame, config: RunConfig) -> Result:
        began = time.perf_counter()
        image = centre_crop(frame.image, config.input_size or self.info.input_size)
        ready = time.perf_counter()
        probabilities = self._backend.run(image).predictions
        answered = time.perf_counter()
        timing = _timing(began, ready, answered)
        return Result(frame, Detections.empty(), None, timing, probabilities)

    def side_by_side(self, count: int) -> Sequence[Detector]:
        """Return up to so many detectors of the model that may work at once, itself the first."""
        while len(self._twins) < count - 1:
            twin = self._backend.twin()
            if twin is None:
                break
            self._twins.append(YoloDetector(twin))
        together = [self, *self._twins[: count - 1]]
        for each in together:
            each._backend.threads = max(1, device.cores() // len(together))
        return together

    def close(self) -> None:
        """Free the network's memory."""
        for twin in self._twins:
            twin.close()
        self._backend.close()


def _with_masks(
    kept: Candidates, coefficients: Float32, worth: NDArray[np.intp], decoder: MaskDecoder
) -> Candidates:
    """Return the candidates with the masks of those at the positions `worth`."""
    decoded: list[Rle | None] = [None] * len(kept)
    found = decoder.decode(coefficients[worth], kept.boxes[worth])
    for position, mask in zip(worth.tolist(), found, strict=True):
        decoded[position] = mask
    return replace(kept, masks=tuple(decoded))


def _timing(began: float, ready: float, answered: float) -> Timing:
    done = time.perf_counter()
    return Timing(
        preprocess_ms=(ready - began) * 1000,
        network_ms=(answered - ready) * 1000,
        postprocess_ms=(done - answered) * 1000,
    )
