"""The state says what changed, once, after all of it has."""

import dataclasses

import pytest
from PyQt6.QtCore import pyqtBoundSignal

from desktop.state import AppState, Place, Values
from engine.session import Phase


def test_every_property_has_its_signal() -> None:
    state = AppState()
    for field in dataclasses.fields(Values):
        assert hasattr(state, field.name)
        assert isinstance(getattr(state, f"{field.name}_changed"), pyqtBoundSignal)


def test_what_is_the_same_says_nothing() -> None:
    state = AppState()
    said: list[object] = []
    state.place_changed.connect(said.append)
    state.change(place=Place("a"))
    state.change(place=Place("a"))
    state.change(place=None)
    assert said == [Place("a"), None]


def test_listeners_see_all_of_a_change() -> None:
    state, seen = AppState(), []
    state.phase_changed.connect(lambda phase: seen.append((phase, state.title)))
    state.change(phase=Phase.LOADING, title="Lab")
    assert seen == [(Phase.LOADING, "Lab")]


def test_an_unknown_property_is_refused() -> None:
    with pytest.raises(AttributeError):
        AppState().change(colour="red")
