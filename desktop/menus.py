"""The menu bar, filled from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt6.QtWidgets import QDockWidget, QMenu, QMenuBar

from desktop.actions import ACTIONS, MENUS, Actions
from engine.i18n import translate as _


def fill_menus(
    bar: QMenuBar | None,
    actions: Actions,
    docks: Callable[[], Iterable[QDockWidget]],
    *,
    lock_docks: Callable[[bool], None],
    reset_layout: Callable[[], None],
) -> None:
    """Put every action into its menu, and what concerns the docks below those of the view.

    Args:
        bar: The menu bar of the window.
        actions: Of the window.
        docks: Returns those that can be shown and hidden.
        lock_docks: Called with whether the docks stay where they are.
        reset_layout: Puts everything back where it was at first.
    """
    assert bar is not None
    menus: dict[str, QMenu] = {}
    for name, words in MENUS.items():
        menu = bar.addMenu(_(words))
        assert menu is not None
        menus[name] = menu
    for spec in ACTIONS:
        if spec.apart:
            menus[spec.menu].addSeparator()
        menus[spec.menu].addAction(actions[spec.name])
    view = menus["view"]
    view.addSeparator()
    panels = view.addMenu(_("Panels"))
    assert panels is not None
    panels.aboutToShow.connect(lambda: _fill(panels, docks()))
    move = view.addAction(_("Docks can be moved"))
    reset = view.addAction(_("Reset layout"))
    assert move is not None
    assert reset is not None
    move.setCheckable(True)
    move.toggled.connect(lambda on: lock_docks(not on))
    reset.triggered.connect(reset_layout)


def _fill(menu: QMenu, docks: Iterable[QDockWidget]) -> None:
    menu.clear()
    for dock in docks:
        menu.addAction(dock.toggleViewAction())
