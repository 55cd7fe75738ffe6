"""The line that says how a camera is: a word beside the colour, nothing cut without a tip."""

from __future__ import annotations

import math

import pytest
from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets.live_badge import LiveBadge


@pytest.fixture
def badge(qtbot: QtBot) -> LiveBadge:
    badge = LiveBadge()
    qtbot.addWidget(badge)
    badge.resize(500, badge.height())
    badge.show()
    return badge


def words(badge: LiveBadge) -> str:
    return " ".join(label.text() for label in badge.findChildren(QLabel) if label.text())


def dot(badge: LiveBadge) -> str:
    """Return the colour of the dot."""
    image = badge.grab().toImage()
    left = next(
        x for x in range(4, 24) if image.pixelColor(x, 14).name() != image.pixelColor(1, 14).name()
    )
    return image.pixelColor(left + 3, 14).name().upper()


def test_a_live_camera_says_how_fast_and_how_late(badge: LiveBadge) -> None:
    badge.show_live(rate_hz=29.94, latency_ms=38.4, dropped=12, size=(1920, 1080))
    assert words(badge) == "Live 29.9 fps · 1920 × 1080 · 38 ms · dropped 12"
    assert dot(badge) == theme.current().ok
    assert badge.accessibleName() == words(badge)


def test_what_is_not_known_is_left_out(badge: LiveBadge) -> None:
    badge.show_live(rate_hz=None, latency_ms=None)
    assert words(badge) == "Live"
    badge.show_live(rate_hz=math.nan, latency_ms=math.inf, size=(0, 0))
    assert words(badge) == "Live"


def test_each_state_has_a_word_and_a_colour_of_its_own(badge: LiveBadge) -> None:
    seen = []
    for show in (
        badge.show_stopped,
        badge.show_connecting,
        badge.show_live,
        lambda: badge.show_waiting(wait_s=3.2, attempt=2),
    ):
        show()
        seen.append((words(badge), dot(badge)))
    assert [text for text, _colour in seen] == [
        "Stopped", "Connecting…", "Live", "Reconnecting in 4 s (attempt 2)",
    ]  # fmt: skip
    assert len({colour for _text, colour in seen}) == 4


def test_the_reason_of_a_lost_connection_is_the_tip_where_there_is_no_room(
    badge: LiveBadge,
) -> None:
    reason = "The camera does not answer. " * 10
    badge.show_waiting(wait_s=-1.0, attempt=1, reason=reason)
    assert "Reconnecting in 0 s (attempt 1)" in badge.toolTip()
    assert reason.strip() in badge.toolTip()
    assert badge.minimumSizeHint().width() < 400
    badge.show_stopped()
    assert badge.toolTip() == "Stopped"
