"""Networks in torch: channels-last on a processor, half precision on a CUDA card."""

from __future__ import annotations

import copy
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np

from engine import device
from engine.inference.backends.base import Output
from engine.models import checkpoint
from engine.types import UInt8


class TorchBackend:
    """A checkpoint run by torch.

    Args:
        weights: The checkpoint.
        device_name: A device setting, see `engine.device.choose`.

    Raises:
        WeightsError: The checkpoint cannot be used.
        DeviceError: The device cannot be used.
    """

    def __init__(self, weights: Path, device_name: str) -> None:
        """Load the checkpoint onto the device."""
        device.prepare()
        import torch

        self._device = device.choose(device_name)
        network, self.info = checkpoint.load(weights)
        self._type = torch.float16 if self._device.type == "cuda" else torch.float32
        network = network.requires_grad_(False).to(self._device, self._type)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device.describe(self._device)
        self.threads = device.cores()

    def run(self, image: UInt8) -> Output:
        """Run the network on one input, [H, W, 3] uint8 RGB."""
        import torch

        # torch keeps this number for each thread that calls it.
        if self._device.type == "cpu" and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        with torch.inference_mode():
            # A picture in memory is channels-last already: permuting copies nothing.
            tensor = torch.from_numpy(image).to(self._device).permute(2, 0, 1)[None]
            raw = self._network(tensor.to(self._type).div_(255))
            if self.info.task == "classify":
                return Output(_numpy(raw[0] if isinstance(raw, tuple) else raw)[0], None)
            first = raw[0]
            prototypes = None
            if isinstance(first, tuple):
                first, prototypes = first
                prototypes = prototypes[0] if isinstance(prototypes, tuple) else prototypes
            return Output(
                _numpy(first)[0], None if prototypes is None else _numpy(prototypes)[0]
            )

    def twin(self) -> Self | None:
        """Return the same network for another thread; a graphics card is busy with one."""
        if self._device.type != "cpu":
            return None
        shared = chain(self._network.parameters(), self._network.buffers())
        other = copy.copy(self)
        other._network = copy.deepcopy(self._network, {id(each): each for each in shared})
        return other

    def close(self) -> None:
        """Free the network's memory."""
        import torch

        del self._network
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _numpy(tensor: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    import torch

    assert isinstance(tensor, torch.Tensor)
    array: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = tensor.float().cpu().numpy()
    return array
