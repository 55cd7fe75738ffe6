"""Keeping a detector between runs, so that pressing the button twice loads its weights once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.errors import Cancelled

if TYPE_CHECKING:
    from engine.inference.detector import Detector

Key = tuple[Path, int, int, str, str]

PATIENCE_S = 10.0
"""So long a run waits for a detector that is lent out, before it loads another one."""
_LOOK_EVERY_S = 0.05


@dataclass(slots=True, eq=False)
class _Lending:
    """A detector in somebody's hands, or on its way there.

    Attributes:
        owner: Who has it.
        on_wanted: Called when an urgent taker begins to wait.
        key: What it is made of, None before it is known.
        detector: Itself, None while it is loaded.
    """

    owner: object
    on_wanted: Callable[[], None]
    key: Key | None = None
    detector: Detector | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    owner: object
    urgent: bool


class DetectorShelf:
    """Holds one detector that nobody uses. For any thread.

    A detector belongs to who took it until it is put back. Who takes while another has it waits,
    so that there is one network in memory. Taking one of other weights, or of a file that has
    changed, frees the one that is here before anything is loaded.
    """

    def __init__(self, opener: Callable[[RunConfig], Detector] | None = None) -> None:
        """Start empty; `opener` loads what is not here, `open_detector` when left out."""
        self._opener = opener
        self._changed = threading.Condition()
        self._held: tuple[Key, Detector] | None = None
        self._lent: list[_Lending] = []
        self._waiting: list[_Waiter] = []

    @property
    def wanted(self) -> bool:
        """Tell whether somebody waits who cannot do without: who can should put theirs back."""
        with self._changed:
            return any(waiter.urgent for waiter in self._waiting)

    @property
    def lent(self) -> bool:
        """Tell whether somebody has a detector, or is about to."""
        with self._changed:
            return bool(self._lent)

    def take(
        self,
        config: RunConfig,
        *,
        patience_s: float = PATIENCE_S,
        owner: object | None = None,
        urgent: bool = True,
        should_stop: Callable[[], bool] = lambda: False,
        on_wanted: Callable[[], None] = lambda: None,
    ) -> Detector:
        """Return a detector for the weights, device and backend of a config.

        Args:
            config: Says which.
            patience_s: So long it waits while others have one; then another one is loaded.
            owner: Who takes it, this thread when left out. Who has one already waits for nobody.
            urgent: Those who are not wait behind those who are, and ask nobody to hurry.
            should_stop: Asked again and again while it waits.
            on_wanted: Called, in the thread of whoever begins to wait, when it is urgently wanted.

        Raises:
            WeightsError: The weights cannot be used.
            DeviceError: The device cannot be used.
            Cancelled: `should_stop` said True.
        """
        owner = threading.get_ident() if owner is None else owner
        lending = _Lending(owner, on_wanted)
        held = self._claim(lending, _Waiter(owner, urgent), patience_s, should_stop)
        try:
            lending.key = _key(config)
            lending.detector = self._fitting(held, lending.key, config)
        except BaseException:
            with self._changed:
                self._lent.remove(lending)
                self._changed.notify_all()
            raise
        return lending.detector

    def put(self, detector: Detector, config: RunConfig) -> None:
        """Leave a detector for whoever needs it next."""
        with self._changed:
            key = _key(config)
            for lending in self._lent:
                if lending.detector is detector:
                    self._lent.remove(lending)
                    key = lending.key or key
                    break
            former, self._held = self._held, (key, detector)
            self._changed.notify_all()
        if former is not None:
            former[1].close()

    def clear(self) -> None:
        """Free what is here."""
        with self._changed:
            held, self._held = self._held, None
        if held is not None:
            held[1].close()

    def _claim(
        self,
        lending: _Lending,
        waiter: _Waiter,
        patience_s: float,
        should_stop: Callable[[], bool],
    ) -> tuple[Key, Detector] | None:
        """Enter a lending when it is its turn, or patience is over, and return what is here."""
        with self._changed:
            if self._is_free_for(waiter):
                return self._enter(lending)
            self._waiting.append(waiter)
            told = [other.on_wanted for other in self._lent] if waiter.urgent else []
        for tell in told:
            tell()
        until = time.monotonic() + patience_s
        with self._changed:
            try:
                while not self._is_free_for(waiter) and time.monotonic() < until:
                    if should_stop():
                        raise Cancelled
                    self._changed.wait(_LOOK_EVERY_S)
                return self._enter(lending)
            finally:
                self._waiting.remove(waiter)
                self._changed.notify_all()

    def _enter(self, lending: _Lending) -> tuple[Key, Detector] | None:
        self._lent.append(lending)
        held, self._held = self._held, None
        return held

    def _is_free_for(self, waiter: _Waiter) -> bool:
        if any(lending.owner == waiter.owner for lending in self._lent):
            return True
        if self._lent:
            return False
        first = [other for other in self._waiting if other.urgent] or self._waiting
        return not first or first[0] is waiter

    def _fitting(self, held: tuple[Key, Detector] | None, key: Key, config: RunConfig) -> Detector:
        if held is not None:
            if held[0] == key:
                return held[1]
            held[1].close()
        if self._opener is not None:
            return self._opener(config)
        from engine.inference.detector import open_detector

        return open_detector(config)


def _key(config: RunConfig) -> Key:
    try:
        status = config.weights.stat()
    except OSError:
        return config.weights, 0, 0, config.device, config.backend
    return (
        config.weights.absolute(),
        status.st_size,
        status.st_mtime_ns,
        config.device,
        config.backend,
    )
