"""What is said is seen, stays as long as it matters, and can be acted on."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.messages import Act, Kind, Message, Messages
from desktop.widgets import message_strip
from desktop.widgets.message_strip import MessageStrip
from engine.errors import PictureError


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def strip(qtbot: QtBot, messages: Messages, monkeypatch: pytest.MonkeyPatch) -> MessageStrip:
    monkeypatch.setattr(message_strip, "GONE_AFTER_MS", 50)
    strip = MessageStrip(messages=messages)
    qtbot.addWidget(strip)
    # Away from the pointer, which would keep what it is on.
    strip.move(300, 300)
    return strip


def button(strip: MessageStrip, words: str) -> QPushButton:
    return next(each for each in strip.findChildren(QPushButton) if each.text() == words)


def test_an_error_stays_with_its_details(
    qtbot: QtBot, messages: Messages, strip: MessageStrip
) -> None:
    assert not strip.isVisible()
    error = PictureError("{path} is damaged.", "Copy it again.", path="a.jpg")
    error.__cause__ = OSError("bad block")
    messages.error(error)
    said = [label.text() for label in strip.findChildren(QLabel)]
    assert "a.jpg is damaged. Copy it again." in said
    assert strip.accessibleName() == "a.jpg is damaged. Copy it again."
    qtbot.wait(120)
    assert strip.isVisible()
    details = strip.findChild(QPlainTextEdit)
    assert details is not None
    assert not details.isVisible()
    button(strip, "Details").click()
    assert details.isVisible()
    assert "OSError: bad block" in details.toPlainText()
    qtbot.waitUntil(lambda: "labsight 0" in details.toPlainText())
    button(strip, "Copy").click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert "bad block" in clipboard.text()
    assert "labsight 0" in clipboard.text()


def test_a_name_that_looks_like_markup_is_a_name(messages: Messages, strip: MessageStrip) -> None:
    messages.warning("<b>a</b>.jpg is damaged.")
    label = next(each for each in strip.findChildren(QLabel) if each.text())
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_what_comes_under_the_pointer_stays(
    qtbot: QtBot, messages: Messages, strip: MessageStrip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strip, "underMouse", lambda: True)
    messages.info("Written.")
    qtbot.wait(120)
    assert strip.isVisible()
    strip.leaveEvent(None)
    qtbot.waitUntil(lambda: not strip.isVisible())


def test_news_goes_by_itself_and_a_question_does_not(
    qtbot: QtBot, messages: Messages, strip: MessageStrip
) -> None:
    messages.info("Written.")
    assert strip.isVisible()
    qtbot.waitUntil(lambda: not strip.isVisible())
    messages.info("Written.", act=Act("Open", lambda: None))
    qtbot.wait(120)
    assert strip.isVisible()


def test_a_button_acts_once_and_closes(messages: Messages, strip: MessageStrip) -> None:
    done: list[bool] = []
    act = Act("Open it", lambda: done.append(True))
    messages.show(Message("Cut short.", Kind.WARNING, act=act))
    button(strip, "Open it").click()
    assert done == [True]
    assert not strip.isVisible()
    assert messages.last is None


def test_escape_closes(qtbot: QtBot, messages: Messages, strip: MessageStrip) -> None:
    messages.warning("Careful.")
    qtbot.keyClick(strip, Qt.Key.Key_Escape)
    assert not strip.isVisible()


def test_what_was_said_before_there_was_a_strip_is_seen(qtbot: QtBot, messages: Messages) -> None:
    messages.warning("Early.")
    late = MessageStrip(messages=messages)
    qtbot.addWidget(late)
    assert late.accessibleName() == "Early."
    assert not late.isHidden()
