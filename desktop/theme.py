"""How everything looks: one table of colours a theme, from it the palette and the style sheet.

To add a colour: one field in `Theme` with its value in `LIGHT` and `DARK`. No other module names
a colour.
"""

from __future__ import annotations

import hashlib
import string
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

from engine.paths import app_data, resource

CHOICES = ("system", "light", "dark")
BASE_PX = 13
# Pictures that the style sheet shows, each with the colour it is tinted in.
_SHEET_ICONS = {
    "chevron_down": ("chevron-down", "muted"),
    "chevron_up": ("chevron-up", "muted"),
    "check_mark": ("check", "on_accent"),
    "close_mark": ("close", "muted"),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, `#RRGGBB`.

    Attributes:
        bg: Behind docks and bars.
        surface: Fields, tables, plots.
        sunken: Headers, group rows, what is disabled.
        line: Between parts.
        grid: Of plots.
        control: Borders of fields and buttons, axes; 3:1 against what is behind.
        text: Words and figures.
        muted: What is said beside them.
        accent: The one thing to press, selections, focus.
        accent_hover: The same under the pointer.
        on_accent: Words on it.
        selection: Behind selected rows.
        hover: Behind what the pointer is on.
        canvas: Around the picture.
        ok, warn, error: With an icon or a word, never alone.
        curve_box, curve_mask, curve_class, curve_dfl, curve_pose, curve_plain: Of what a training
            tells by epoch; hue says what, dashes say which.
        class_text: On the colours of classes.
    """

    name: str
    bg: str
    surface: str
    sunken: str
    line: str
    grid: str
    control: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    hover: str
    canvas: str
    ok: str
    warn: str
    error: str
    curve_box: str
    curve_mask: str
    curve_class: str
    curve_dfl: str
    curve_pose: str
    curve_plain: str
    class_text: str = "#111111"


LIGHT = Theme(
    name="light",
    bg="#F7F8FA",
    surface="#FFFFFF",
    sunken="#EEF0F4",
    line="#E3E6EB",
    grid="#E6E9EE",
    control="#868F9E",
    text="#1B1F24",
    muted="#5B6575",
    accent="#1A63D8",
    accent_hover="#1554BA",
    on_accent="#FFFFFF",
    selection="#DCE9FD",
    hover="#E9EDF4",
    canvas="#DADDE2",
    ok="#136B2C",
    warn="#8A5A00",
    error="#C0291B",
    curve_box="#2467D6",
    curve_mask="#D2500F",
    curve_class="#8447C4",
    curve_dfl="#917500",
    curve_pose="#0B8074",
    curve_plain="#5B6575",
)
DARK = Theme(
    name="dark",
    bg="#16181C",
    surface="#1E2126",
    sunken="#262A31",
    line="#2C3037",
    grid="#30353D",
    control="#707886",
    text="#E6E8EB",
    muted="#9AA3AE",
    accent="#4C8DFF",
    accent_hover="#6BA1FF",
    on_accent="#0B1220",
    selection="#22385C",
    hover="#2A2F38",
    canvas="#0E0F12",
    ok="#4CC26B",
    warn="#E0A93B",
    error="#FF7B72",
    curve_box="#7FB0FF",
    curve_mask="#FF8A65",
    curve_class="#C79BF2",
    curve_dfl="#E8D44D",
    curve_pose="#4FC9B5",
    curve_plain="#9AA3AE",
)

_current = LIGHT


def current() -> Theme:
    """Return the theme in use."""
    return _current


def colour(name: str) -> QColor:
    """Return a colour of the theme in use by the name of its field."""
    return QColor(cast(str, getattr(_current, name)))


def resolved(choice: str) -> Theme:
    """Return the theme for one of `CHOICES`; `system` follows the desktop."""
    if choice == "system":
        hints = QGuiApplication.styleHints()
        dark = hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark
        return DARK if dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def apply(app: QApplication, choice: str) -> None:
    """Give the whole application the look of one of `CHOICES`."""
    global _current
    hints = QGuiApplication.styleHints()
    if hints is not None:
        scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        hints.setColorScheme(scheme.get(choice, Qt.ColorScheme.Unknown))
    _current = resolved(choice)
    app.setStyle("Fusion")
    font = QFont(app.font())
    font.setPixelSize(BASE_PX)
    app.setFont(font)
    app.setPalette(palette(_current))
    app.setStyleSheet(style_sheet(_current))


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette in a theme's colours."""
    roles = {
        QPalette.ColorRole.Window: theme.bg,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.surface,
        QPalette.ColorRole.AlternateBase: theme.bg,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Button: theme.surface,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.error,
        QPalette.ColorRole.Highlight: theme.selection,
        QPalette.ColorRole.HighlightedText: theme.text,
        QPalette.ColorRole.Accent: theme.accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.LinkVisited: theme.accent,
        QPalette.ColorRole.ToolTipBase: theme.surface,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Light: theme.surface,
        QPalette.ColorRole.Midlight: theme.line,
        QPalette.ColorRole.Mid: theme.control,
        QPalette.ColorRole.Dark: theme.control,
        QPalette.ColorRole.Shadow: theme.line,
    }
    result = QPalette()
    for role, value in roles.items():
        result.setColor(role, QColor(value))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.control))
    return result


def style_sheet(theme: Theme) -> str:
    """Return the style sheet in a theme's colours."""
    sheet = resource("qss/labsight.qss").read_text(encoding="utf-8")
    values = asdict(theme)
    for key, (name, token) in _SHEET_ICONS.items():
        values[key] = tinted_file(name, values[token]).as_posix()
    return string.Template(sheet).substitute(values)


@lru_cache(maxsize=256)
def tinted(name: str, colour: str) -> str:
    """Return the SVG of an icon with its strokes in a colour."""
    text = resource(f"icons/{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour)


def tinted_file(name: str, colour: str) -> Path:
    """Return a file with an icon in a colour: style sheets take pictures from files alone."""
    text = tinted(name, colour)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = app_data() / "cache" / "icons" / f"{name}-{digest}.svg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path
