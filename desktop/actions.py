"""Everything that can be pressed, in one table: menus, buttons and shortcuts are made of it.

To add an action: one row in `ACTIONS`. `verb` names a method as `target.method`; the targets are
given to `Actions` by the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QKeySequence

from desktop import icons
from desktop.state import AppState
from desktop.training_state import TrainingState
from engine.i18n import N_
from engine.i18n import translate as _
from engine.session import Phase

MENUS = {
    "file": N_("&File"),
    "view": N_("&View"),
    "model": N_("&Model"),
    "results": N_("&Results"),
    "tools": N_("&Tools"),
    "help": N_("&Help"),
}


def _always(state: AppState) -> bool:
    return True


def _idle(state: AppState) -> bool:
    return not state.phase.busy


def _has_picture(state: AppState) -> bool:
    return state.place is not None


def _has_results(state: AppState) -> bool:
    return state.view is not None and not state.view.growing


def _can_detect(state: AppState) -> bool:
    there = bool(state.device if state.kind == "camera" else state.sources)
    return there and not state.engaged and not state.model_busy


def _has_video(state: AppState) -> bool:
    return state.kind == "video" and state.place is not None and not state.phase.busy


def _never(state: AppState) -> bool:
    return False


def _can_train(state: AppState, training: TrainingState) -> bool:
    if state.kind != "train":
        return False
    ready = training.data is not None and training.recipe.error is None
    return ready and training.loading is None and not training.engaged


def _can_stop_early(state: AppState, training: TrainingState) -> bool:
    return training.stage.busy and training.engaged and not training.told


def _can_cancel(state: AppState, training: TrainingState) -> bool:
    return training.engaged and training.told != "cancel"


PRIMARY = {
    "image": N_("Detect"),
    "video": N_("Process whole video"),
    "camera": N_("Start"),
    "train": N_("Train"),
}
"""What the one button of a tab is called, by the kind of the tab."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One action.

    Attributes:
        name: Its key.
        text: Words of the menu, marked for translation.
        menu: A key of `MENUS`, empty for an action that stands in none.
        verb: What it calls.
        icon: Of `resources/icons`.
        keys: Shortcuts, the first one is shown.
        enabled: Whether it can be pressed in a state.
        checked: For an action that is on or off: whether it is on in a state.
        apart: A line is drawn above it in the menu.
        role: Where macOS puts it.
        trains: For what concerns a training: whether it can be pressed, also where `enabled` says
            that it cannot.
    """

    name: str
    text: str
    menu: str
    verb: str
    icon: str = ""
    keys: tuple[str, ...] = ()
    enabled: Callable[[AppState], bool] = _always
    checked: Callable[[AppState], bool] | None = None
    apart: bool = False
    role: QAction.MenuRole = QAction.MenuRole.NoRole
    trains: Callable[[AppState, TrainingState], bool] | None = None


ACTIONS = (
    Spec("open_pictures", N_("Open pictures…"), "file", "dialogs.open_pictures", "image",
         ("Ctrl+O",), _idle),
    Spec("open_folder", N_("Open folder…"), "file", "dialogs.open_folder", "folder",
         ("Ctrl+Shift+O",), _idle),
    Spec("paste", N_("Paste"), "file", "controller.paste", "paste", ("Ctrl+V",), _idle),
    Spec("samples", N_("Try sample pictures"), "file", "controller.try_samples", "sample", (),
         _idle),
    Spec("preferences", N_("Preferences…"), "file", "dialogs.preferences", "settings",
         ("Ctrl+,",), apart=True, role=QAction.MenuRole.PreferencesRole),
    Spec("quit", N_("Quit"), "file", "window.close", "", ("Ctrl+Q",), apart=True,
         role=QAction.MenuRole.QuitRole),
    Spec("detect", N_("Detect"), "tools", "controller.detect", "play", ("F5", "Ctrl+Return"),
         _can_detect, trains=_can_train),
    Spec("pause", N_("Pause"), "tools", "controller.pause_or_resume", "pause", ("Ctrl+P",),
         lambda state: state.phase in (Phase.RUNNING, Phase.PAUSED),
         lambda state: state.phase is Phase.PAUSED),
    Spec("stop", N_("Stop"), "tools", "controller.stop", "stop", ("Esc",),
         lambda state: state.phase in (Phase.LOADING, Phase.RUNNING, Phase.PAUSED)),
    Spec("play", N_("Play or pause the video"), "tools", "videos.toggle", "play",
         ("Ctrl+Space",), _has_video, apart=True),
    Spec("step_back", N_("Previous frame"), "tools", "videos.step_back", "step-back",
         ("Alt+Left",), _has_video),
    Spec("step_on", N_("Next frame"), "tools", "videos.step_on", "step-forward",
         ("Alt+Right",), _has_video),
    Spec("snapshot", N_("Save a snapshot"), "tools", "cameras.snapshot", "snapshot",
         ("Ctrl+Shift+S",), lambda state: state.kind == "camera" and state.phase.busy, apart=True),
    Spec("record", N_("Record"), "tools", "cameras.record_or_stop", "record", ("Ctrl+R",),
         lambda state: state.kind == "camera" and bool(state.device)),
    Spec("resume_run", N_("Resume the interrupted run"), "tools",
         "controller.resume_run", "refresh", (),
         lambda state: state.resumable is not None and not state.engaged, apart=True),
    Spec("stop_early", N_("Stop early"), "tools", "training.stop_early", "stop", (),
         _never, apart=True, trains=_can_stop_early),
    Spec("cancel_training", N_("Cancel the training"), "tools", "training.cancel", "close", (),
         _never, trains=_can_cancel),
    Spec("report", N_("Copy a report of this machine"), "tools", "dialogs.copy_report", "copy",
         apart=True),
    Spec("fit", N_("Fit the picture"), "view", "view.fit", "fit", ("Ctrl+0",), _has_picture),
    Spec("actual_size", N_("Actual size, 100 %"), "view", "view.actual_size", "",
         ("Ctrl+1",), _has_picture),
    Spec("zoom_in", N_("Zoom in"), "view", "view.zoom_in", "zoom-in", ("Ctrl++", "Ctrl+="),
         _has_picture),
    Spec("zoom_out", N_("Zoom out"), "view", "view.zoom_out", "zoom-out", ("Ctrl+-",),
         _has_picture),
    Spec("previous", N_("Previous picture"), "view", "controller.previous", "chevron-left",
         ("Ctrl+Left",), _has_picture, apart=True),
    Spec("next", N_("Next picture"), "view", "controller.next", "chevron-right",
         ("Ctrl+Right",), _has_picture),
    Spec("show_original", N_("Picture without overlay"), "view", "controller.toggle_overlay",
         "eye", ("Ctrl+T",), _has_picture, lambda state: not state.overlay.visible, apart=True),
    Spec("show_masks", N_("Masks"), "view", "controller.toggle_masks", "", ("Ctrl+M",), _always,
         lambda state: state.overlay.masks),
    Spec("show_boxes", N_("Boxes around masks"), "view", "controller.toggle_boxes", "",
         ("Ctrl+B",), _always, lambda state: state.overlay.boxes),
    Spec("show_labels", N_("Labels"), "view", "controller.toggle_labels", "", ("Ctrl+L",), _always,
         lambda state: state.overlay.labels),
    Spec("open_weights", N_("Open weights…"), "model", "dialogs.open_weights", "weights",
         ("Ctrl+W",), _idle),
    Spec("card", N_("What these weights say…"), "model", "dialogs.model_card", "document"),
    Spec("official", N_("Get official weights…"), "model", "dialogs.official_weights",
         "download", (), _idle),
    Spec("reset", N_("Reset the thresholds"), "model", "weights.reset_thresholds", "refresh",
         apart=True),
    Spec("excel", N_("Export to Excel…"), "results", "controller.export_excel", "export",
         ("Ctrl+E",), _has_results),
    Spec("csv", N_("Export to CSV…"), "results", "controller.export_csv", "", (), _has_results),
    Spec("coco", N_("Export COCO labels…"), "results", "controller.export_coco", "", (),
         _has_results),
    Spec("yolo", N_("Export YOLO labels…"), "results", "controller.export_yolo", "", (),
         _has_results),
    Spec("labelme", N_("Export LabelMe labels…"), "results", "controller.export_labelme", "", (),
         _has_results),
    Spec("folder", N_("Open the session's folder"), "results", "controller.open_folder", "folder",
         (), lambda state: state.session is not None, apart=True),
    Spec("shortcuts", N_("Keyboard shortcuts"), "help", "dialogs.shortcuts", "info", ("F1",)),
    Spec("about", N_("About LabSight"), "help", "dialogs.about", "info",
         role=QAction.MenuRole.AboutRole),
)  # fmt: skip


class Actions(QObject):
    """The actions of one window, enabled and checked as the state says.

    Args:
        state: Read and listened to.
        training: Likewise, for what concerns a training.
        parent: The window; shortcuts work in it.
    """

    def __init__(self, *, state: AppState, training: TrainingState, parent: QObject) -> None:
        """Make all actions; `connect` gives them something to do."""
        super().__init__(parent)
        self._state = state
        self._training = training
        self._actions = {spec.name: self._make(spec) for spec in ACTIONS}
        for signal in (
            state.phase_changed,
            state.sources_changed,
            state.place_changed,
            state.view_changed,
            state.session_changed,
            state.overlay_changed,
            state.model_busy_changed,
            state.engaged_changed,
            state.kind_changed,
            state.device_changed,
            state.resumable_changed,
            training.data_changed,
            training.loading_changed,
            training.recipe_changed,
            training.stage_changed,
            training.engaged_changed,
            training.told_changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def __getitem__(self, name: str) -> QAction:
        """Return an action by the name in its row."""
        return self._actions[name]

    def __iter__(self) -> Iterator[QAction]:
        """Yield all actions."""
        return iter(self._actions.values())

    def connect(self, targets: Mapping[str, Callable[[], object]]) -> None:
        """Let each action call its verb of what its target returns at that moment."""
        for spec in ACTIONS:
            name, _, method = spec.verb.partition(".")
            self._actions[spec.name].triggered.connect(
                lambda checked=False, target=targets[name], method=method: getattr(
                    target(), method
                )()
            )

    def refresh(self) -> None:
        """Enable, check and name what the state says."""
        self._actions["detect"].setText(_(PRIMARY[self._state.kind]))
        for spec in ACTIONS:
            action = self._actions[spec.name]
            action.setEnabled(self._is_enabled(spec))
            if spec.checked is not None:
                action.setChecked(spec.checked(self._state))

    def _is_enabled(self, spec: Spec) -> bool:
        if spec.trains is not None and spec.trains(self._state, self._training):
            return True
        return spec.enabled(self._state)

    def _make(self, spec: Spec) -> QAction:
        action = QAction(_(spec.text), self.parent())
        action.setObjectName(spec.name)
        if spec.icon:
            action.setIcon(icons.icon(spec.icon))
        if spec.keys:
            action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            shown = QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{_(spec.text).removesuffix('…')} ({shown})")
        action.setCheckable(spec.checked is not None)
        action.setMenuRole(spec.role)
        return action
