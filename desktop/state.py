"""What a tab shows, in one place: typed properties, each with one signal.

Panels read it and listen to it. Only the verbs, and the panels for what is purely a matter of
viewing (thresholds, overlay, selection, place), change it. A property that is set to what it
already is says nothing.

Pictures, videos and cameras have a state each, so that a run of one goes on while another is looked
at. What concerns them all (`SHARED`) is the same in each at every moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtBoundSignal, pyqtSignal

from engine.config import RunConfig
from engine.counting import Counter
from engine.session import Phase
from engine.sources.live import LiveStatus
from engine.types import Counted, ModelInfo, Progress

if TYPE_CHECKING:
    from engine.resumption import Resumption

SHARED = frozenset(
    {"config", "model", "model_busy", "overlay", "title", "background", "engaged"}
)
"""Properties that all states of a group have in common."""


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """What is drawn over a picture.

    Attributes:
        visible: Nothing is drawn where it is False: the picture as it is.
        masks: Masks are drawn.
        boxes: Boxes are drawn around masks too; an object without a mask on screen always has one.
        labels: Labels are drawn.
        mask_opacity: Of the tint inside masks, 0 to 1.
    """

    visible: bool = True
    masks: bool = True
    boxes: bool = False
    labels: bool = True
    mask_opacity: float = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """A frame that can be on screen.

    Attributes:
        path: The file.
        index: Page of a TIFF or frame of a video, from 0.
    """

    path: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """One object of the view: its frame in the session and its number in the frame, from 1."""

    frame_id: int
    number: int


@dataclass(frozen=True, slots=True)
class View:
    """The session that tables, counts and exports read.

    Attributes:
        path: The session file to read: the run's own, or one derived from it at the thresholds of
            the sliders. Both hold the same frames under the same numbers.
        origin: The run's own session file.
        growing: True while a run writes it.
        without_mask: Objects left out because the run did not keep their masks.
    """

    path: Path
    origin: Path
    growing: bool = False
    without_mask: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of one file of the list.

    Attributes:
        counts: Objects by class index, over all its frames; None before it was worked on.
        error: Why it could not be worked on, a sentence.
        warning: What to know about it, a sentence.
    """

    counts: Mapping[int, int] | None = None
    error: str = ""
    warning: str = ""

    @property
    def total(self) -> int | None:
        """Objects of all classes, None before it was worked on."""
        return None if self.counts is None else sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Values:
    """Everything that the state holds, with what it is at the start."""

    kind: str = "image"
    config: RunConfig = field(default_factory=RunConfig)
    model: ModelInfo | None = None
    model_busy: bool = False
    sources: tuple[Path, ...] = ()
    place: Place | None = None
    phase: Phase = Phase.IDLE
    progress: Progress | None = None
    session: Path | None = None
    view: View | None = None
    overlay: OverlayStyle = OverlayStyle()
    selection: ObjectKey | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    title: str = ""
    background: str = ""
    engaged: str = ""
    counters: tuple[Counter, ...] = ()
    counted: Counted | None = None
    live: LiveStatus | None = None
    device: str = ""
    resumable: Resumption | None = None


class AppState(QObject):
    """The state of a tab. Lives in the UI thread.

    Read a property by its name in `Values` (`state.phase`), change some with `change`.

    Signals:
        kind_changed: str, which tab it is: image, video, camera or train.
        config_changed: `RunConfig`: weights, device, input size and the thresholds of the sliders.
        model_changed: `ModelInfo` of the weights in use, None until they were read.
        model_busy_changed: bool, True while weights are read.
        sources_changed: tuple of Path, the files of the list.
        place_changed: `Place` on screen, or None.
        phase_changed: `Phase` of the run.
        progress_changed: `Progress` of the run, or None.
        session_changed: Path of the session file on show, or None.
        view_changed: `View` that tables read, or None.
        overlay_changed: `OverlayStyle`.
        selection_changed: `ObjectKey` or None.
        outcomes_changed: mapping of file to `Outcome`; files not in it were not worked on.
        title_changed: str, the person's own title.
        background_changed: str, a picture behind the empty canvas.
        engaged_changed: str, the kind of the tab whose run is under way, empty for none.
        counters_changed: tuple of `Counter`, the lines and zones drawn over the picture.
        counted_changed: `Counted`, what tracking has counted at the frame on screen, or None.
        live_changed: `LiveStatus` of the camera or stream of the run, or None.
        device_changed: str, the camera or address that a run would be of, empty for none.
        resumable_changed: `Resumption` of the run on show where it can go on, or None.
    """

    kind_changed = pyqtSignal(object)
    config_changed = pyqtSignal(object)
    model_changed = pyqtSignal(object)
    model_busy_changed = pyqtSignal(object)
    sources_changed = pyqtSignal(object)
    place_changed = pyqtSignal(object)
    phase_changed = pyqtSignal(object)
    progress_changed = pyqtSignal(object)
    session_changed = pyqtSignal(object)
    view_changed = pyqtSignal(object)
    overlay_changed = pyqtSignal(object)
    selection_changed = pyqtSignal(object)
    outcomes_changed = pyqtSignal(object)
    title_changed = pyqtSignal(object)
    background_changed = pyqtSignal(object)
    engaged_changed = pyqtSignal(object)
    counters_changed = pyqtSignal(object)
    counted_changed = pyqtSignal(object)
    live_changed = pyqtSignal(object)
    device_changed = pyqtSignal(object)
    resumable_changed = pyqtSignal(object)

    kind: str
    config: RunConfig
    model: ModelInfo | None
    model_busy: bool
    sources: tuple[Path, ...]
    place: Place | None
    phase: Phase
    progress: Progress | None
    session: Path | None
    view: View | None
    overlay: OverlayStyle
    selection: ObjectKey | None
    outcomes: Mapping[str, Outcome]
    title: str
    background: str
    engaged: str
    counters: tuple[Counter, ...]
    counted: Counted | None
    live: LiveStatus | None
    device: str
    resumable: Resumption | None

    def __init__(self, values: Values | None = None, parent: QObject | None = None) -> None:
        """Start with these values, those of the first start when left out."""
        super().__init__(parent)
        self._group: tuple[AppState, ...] = (self,)
        self._reflection: AppState | None = None
        values = values or Values()
        for name in Values.__slots__:
            setattr(self, name, getattr(values, name))

    def change(self, **values: Any) -> None:  # noqa: ANN401 - fields of Values
        """Set properties; each that is different now says so, after all of them are set."""
        for name in values:
            if name not in Values.__slots__:
                raise AttributeError(f"the state has no {name}")
        common = {name: value for name, value in values.items() if name in SHARED}
        changes = []
        for state in self._group:
            changes += state._set(values if state is self else common)
        for signal, value in changes:
            signal.emit(value)

    def values(self) -> dict[str, Any]:
        """Return all properties."""
        return {name: getattr(self, name) for name in Values.__slots__}

    def reflect(self, reflection: AppState | None) -> None:
        """Let another state be as this one is, now and from now on; None ends that."""
        self._reflection = reflection
        if reflection is not None:
            reflection.change(**self.values())

    def _set(self, values: Mapping[str, Any]) -> list[tuple[pyqtBoundSignal, Any]]:
        """Set properties and return what is to be said of it."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name, value in values.items():
            setattr(self, name, value)
        changes = [(getattr(self, f"{name}_changed"), values[name]) for name in changed]
        if self._reflection is not None:
            changes += self._reflection._set(values)
        return changes


def group(*states: AppState) -> None:
    """Let these states have in common what is shared, from now on."""
    for state in states:
        state._group = states
