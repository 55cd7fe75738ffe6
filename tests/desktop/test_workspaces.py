"""Tabs that detect: what they have in common, what is reflected, and one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.controller import Controller, kind_of
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import SHARED, AppState, OverlayStyle, Place, Values, group
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.sources.listing import SourceList


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def controller(settings_path: Path, messages: Messages) -> Iterator[Controller]:
    controller = Controller(
        state=AppState(),
        settings=Settings(settings_path),
        messages=messages,
        shelf=DetectorShelf(lambda config: FakeDetector(1)),
        window=lambda: None,
    )
    yield controller
    controller.close()


def test_shared_properties_are_set_everywhere_before_anything_is_said() -> None:
    states = [AppState(Values(kind=kind)) for kind in ("image", "video", "camera")]
    group(*states)
    seen: list[list[str]] = []
    for state in states:
        state.title_changed.connect(lambda title: seen.append([each.title for each in states]))
    states[1].change(title="Lab", place=Place("a.mp4"))
    assert seen == [["Lab"] * 3] * 3
    assert [state.place for state in states] == [None, Place("a.mp4"), None]


def test_nothing_but_what_is_shared_reaches_the_others() -> None:
    first, second = AppState(), AppState(Values(kind="video"))
    group(first, second)
    before = second.values()
    first.change(
        config=replace(first.config, confidence=0.5),
        overlay=OverlayStyle(masks=False),
        engaged="image",
        counters=(),
        device="sim:",
        outcomes={"a": 1},
    )
    changed = {name for name, value in second.values().items() if value != before[name]}
    assert changed == {"config", "overlay", "engaged"}
    assert changed <= SHARED
    assert second.kind == "video"


def test_the_front_is_as_the_tab_on_show_until_another_is_shown(controller: Controller) -> None:
    image, video = (controller.workspaces[kind].state for kind in ("image", "video"))
    front = controller.front
    said: list[object] = []
    front.place_changed.connect(said.append)
    image.change(place=Place("a.png"))
    video.change(place=Place("v.mp4"))
    assert said == [Place("a.png")]
    controller.show_workspace("video")
    assert said == [Place("a.png"), Place("v.mp4")]
    assert front.values() == video.values()
    image.change(place=Place("b.png"))
    assert front.place == Place("v.mp4")
    controller.show_workspace("image")
    assert front.values() == image.values()


@pytest.mark.parametrize(
    ("engaged", "tab"), [("image", "Image"), ("video", "Video"), ("camera", "Camera")]
)
def test_a_run_in_one_tab_refuses_one_in_another(
    controller: Controller, messages: Messages, engaged: str, tab: str
) -> None:
    controller.workspaces[engaged].state.change(engaged=engaged)
    for kind, workspace in controller.workspaces.items():
        before = workspace.state.values()
        messages.clear()
        assert not workspace.runs.begin(SourceList((Path("a.png"),)), ("a.png",))
        assert messages.last is not None, kind
        assert messages.last.text == f"A run is under way in the tab {tab}."
        assert messages.last.hint == "Stop it first."
        assert workspace.state.values() == before


@pytest.mark.parametrize(
    ("sources", "kind"),
    [
        ([], "image"),
        (["a.png"], "image"),
        (["folder"], "image"),
        (["a.MP4", "/data/b.mkv"], "video"),
        (["a.mp4", "b.png"], "image"),
        (["camera:0"], "camera"),
        (["sim:"], "camera"),
        (["rtsp://host/live.mp4", "http://host/stream"], "camera"),
        (["rtsp://host/live", "a.mp4"], "image"),
    ],
)
def test_sources_belong_to_a_tab(sources: list[str], kind: str) -> None:
    assert kind_of(sources) == kind
