"""What can be done with the runs that are selected: words, keys, and when it is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from desktop import icons
from desktop.widgets.buttons import action_button
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.runs import Run

ICON = 16


@dataclass(frozen=True, slots=True)
class RunAction:
    """Something to do with runs.

    Attributes:
        text: What it is called.
        icon: Of `resources/icons`.
        possible: Tells whether it can be done with the runs that are selected.
        keys: That do it.
        worded: Whether its button has a word beside the icon.
        parted: Whether a line stands before it in the menu.
    """

    text: str
    icon: str
    possible: Callable[[Sequence[Run]], bool]
    keys: tuple[str, ...] = ()
    worded: bool = False
    parted: bool = False


def _one(chosen: Sequence[Run]) -> bool:
    return len(chosen) == 1


def _has_weights(chosen: Sequence[Run]) -> bool:
    return _one(chosen) and chosen[0].best is not None


def _is_unfinished(chosen: Sequence[Run]) -> bool:
    return _one(chosen) and chosen[0].resumable and chosen[0].epoch < chosen[0].epochs


def _is_resumable(chosen: Sequence[Run]) -> bool:
    return _one(chosen) and chosen[0].resumable


def _has_settings(chosen: Sequence[Run]) -> bool:
    return _one(chosen) and chosen[0].config is not None


# To add something to do: one row here, its answer in `RunsPanel`.
RUN_ACTIONS = {
    "show": RunAction(N_("Show"), "eye", _one, worded=True),
    "use": RunAction(N_("Use this model"), "weights", _has_weights, worded=True),
    "resume": RunAction(N_("Resume"), "play", _is_unfinished, worded=True),
    "extend": RunAction(N_("Train longer…"), "plus", _is_resumable),
    "again": RunAction(N_("Use these settings again"), "copy", _has_settings),
    "report": RunAction(N_("Excel…"), "export", _one, worded=True, parted=True),
    "rename": RunAction(N_("Rename"), "rename", _one, ("F2",)),
    "notes": RunAction(N_("Edit the notes"), "document", _one, ("Shift+F2",)),
    "reveal": RunAction(N_("Show in folder"), "folder", _one),
    "delete": RunAction(N_("Move to the bin"), "trash", bool, ("Del",)),
    "refresh": RunAction(N_("Refresh"), "refresh", lambda chosen: True, ("F5",), parted=True),
}


def build(parent: QWidget, answers: Mapping[str, Callable[[], object]]) -> dict[str, QAction]:
    """Return the actions of a widget, which answers them while it or a part of it has the focus."""
    actions = {}
    for name, each in RUN_ACTIONS.items():
        action = QAction(icons.icon(each.icon), _(each.text), parent)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(key) for key in each.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda checked=False, do=answers[name]: do())
        parent.addAction(action)
        actions[name] = action
    return actions


def enable(actions: Mapping[str, QAction], chosen: Sequence[Run]) -> None:
    """Let only what is possible with the selected runs be done."""
    for name, action in actions.items():
        action.setEnabled(RUN_ACTIONS[name].possible(chosen))


def bar(actions: Mapping[str, QAction]) -> QHBoxLayout:
    """Return a row of buttons: those with words on the left, the others on the right."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for name, action in actions.items():
        if RUN_ACTIONS[name].worded:
            row.addWidget(action_button(action, RUN_ACTIONS[name].icon))
    row.addStretch(1)
    for name, action in actions.items():
        if not RUN_ACTIONS[name].worded:
            row.addWidget(_quiet(action))
    return row


def menu(parent: QWidget, actions: Mapping[str, QAction]) -> QMenu:
    """Return a menu of all actions that goes when it is closed."""
    result = QMenu(parent)
    result.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name, action in actions.items():
        if RUN_ACTIONS[name].parted:
            result.addSeparator()
        result.addAction(action)
    return result


def _quiet(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(ICON, ICON))
    button.setAccessibleName(action.text())
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    button.setToolTip(f"{action.text()} ({keys})" if keys else action.text())
    return button
