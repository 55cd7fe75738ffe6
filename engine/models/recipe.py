"""Recipes: a base network and what is changed in it, as one line of text.

    yolo11n-seg:block=faster@backbone,attention=cbam(kernel=7)@p3+p4,iou=wiou3

    recipe = base [":" change {"," change}]
    change = slot "=" name ["(" option {"," option} ")"] ["@" place {"+" place}]
    option = key "=" ("true" | "false" | number | word)

The base is the name of a network or the path of an Ultralytics YAML file. A slot may come back at
other places. There is one canonical text for each recipe: slots in the order of `SLOTS`, options
and places sorted. Whether base, names and places exist is for `engine.models.plan` to say.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.slots import OF_LOSS, ORDER, SLOTS, unknown

Value = bool | int | float | str

_BASE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_FILE = re.compile(r"(\S.*?\.ya?ml)\s*(?::(.*))?", re.IGNORECASE | re.DOTALL)
_CHANGE = re.compile(
    r"\s*(?P<slot>\w+)\s*=\s*(?P<name>[\w.-]+)\s*"
    r"(?:\((?P<options>[^()]*)\)\s*)?(?:@(?P<places>[^@]*))?",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# A place with the end of a file would make a file of all that stands before it.
_PLACE = re.compile(r"[a-z][a-z0-9]*(?:\.(?!ya?ml\b)[a-z0-9]+)*")
_KEY = re.compile(r"[a-z]\w*", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LARGEST = 2**63
_BOOLS = {"true": True, "false": False}
_SHAPE = N_("Write it as base:slot=name(option=value)@place+place,slot=name.")
_PARTS = ("backbone", "neck")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the catalogue put into a network.

    Attributes:
        slot: A key of `SLOTS`.
        name: Of the entry.
        options: Keys and values, sorted by key.
        places: Sorted; empty for the default of the slot.

    Raises:
        RecipeError: A part has no valid form.
    """

    slot: str
    name: str
    options: tuple[tuple[str, Value], ...] = ()
    places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no text and put the rest in its canonical order."""
        if self.slot not in SLOTS:
            raise unknown(self.slot)
        if not _NAME.fullmatch(self.name):
            raise RecipeError(
                N_("{slot}={name} is no name of an improvement."),
                N_("Names have small letters, digits, - and _."),
                slot=self.slot,
                name=self.name,
            )
        for place in self.places:
            if not _PLACE.fullmatch(place):
                raise RecipeError(
                    N_("{slot}={name} is at {place}, which is no place."),
                    N_("Places are such as backbone, neck, p3 or neck.p4, joined by +."),
                    slot=self.slot,
                    name=self.name,
                    place=place or "''",
                )
        if self.places and not SLOTS[self.slot].placed:
            raise RecipeError(
                N_("{slot}={name} is for the whole network and takes no place."),
                N_("Leave out @{places}."),
                slot=self.slot,
                name=self.name,
                places="+".join(self.places),
            )
        seen: set[str] = set()
        for key, value in self.options:
            self._check(key, value, repeated=key in seen)
            seen.add(key)
        object.__setattr__(self, "options", tuple(sorted(self.options)))
        object.__setattr__(self, "places", tuple(sorted(set(self.places), key=_place_order)))

    def _check(self, key: str, value: Value, *, repeated: bool) -> None:
        """Refuse an option whose text would not be read as what it is."""
        odd = not _KEY.fullmatch(key)
        if isinstance(value, str):
            odd = odd or not _WORD.fullmatch(value) or value.lower() in _BOOLS
        elif isinstance(value, float):
            odd = odd or not math.isfinite(value)
        elif not -_LARGEST <= value < _LARGEST:
            # Python writes no more than some thousand decimal digits.
            odd, value = True, hex(value)
        if repeated or odd:
            raise RecipeError(
                N_("{slot}={name} has an unreadable or repeated option: {key}={value}."),
                N_("Options are key=value with true, false, a number or a word."),
                slot=self.slot,
                name=self.name,
                key=key,
                value=value,
            )

    @property
    def label(self) -> str:
        """Slot and name, as sentences name a change."""
        return f"{self.slot}={self.name}"

    def __str__(self) -> str:
        """Return the canonical text."""
        options = ",".join(f"{key}={written(value)}" for key, value in self.options)
        places = "+".join(self.places)
        return self.label + (f"({options})" if options else "") + (f"@{places}" if places else "")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A base network and its changes.

    Attributes:
        base: Name of a network such as `yolo11n-seg`, or the path of a YAML file.
        changes: In canonical order.

    Raises:
        RecipeError: A part has no valid form, or one thing is asked for twice.
    """

    base: str
    changes: tuple[Change, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what has no text and put the changes in their canonical order."""
        found = (_FILE if self.is_file else _BASE).fullmatch(self.base)
        if found is None or (self.is_file and found[1] != self.base):
            raise RecipeError(
                N_("{base} is no name of a network."),
                N_("Begin with a network such as yolo11n or yolo11n-seg."),
                base=self.base or "''",
            )
        object.__setattr__(self, "changes", tuple(sorted(self.changes, key=_change_order)))
        taken: dict[tuple[str, str], Change] = {}
        for change in self.changes:
            for place in change.places or ("",):
                if (change.slot, place) in taken:
                    raise overlapping(taken[change.slot, place], change, place)
                taken[change.slot, place] = change

    @property
    def is_file(self) -> bool:
        """Whether the base is a YAML file."""
        return self.base.lower().endswith((".yaml", ".yml"))

    @property
    def is_stock(self) -> bool:
        """Whether the network is the base's own; losses change nothing in it."""
        return all(change.slot in OF_LOSS for change in self.changes)

    def chosen(self, slot: str) -> tuple[Change, ...]:
        """Return the changes in one slot."""
        return tuple(change for change in self.changes if change.slot == slot)

    def __str__(self) -> str:
        """Return the canonical text."""
        changes = ",".join(str(change) for change in self.changes)
        return f"{self.base}:{changes}" if changes else self.base


def parse(text: str) -> Recipe:
    """Return the recipe that a line of text describes; `str` of it is the canonical text.

    Raises:
        RecipeError: The text is no recipe; the sentence names the part.
    """
    found = _FILE.fullmatch(text.strip())
    if found is not None:
        base, rest = found[1], found[2]
    else:
        base, colon, rest = text.partition(":")
        base, rest = _small(base), rest if colon else None
    if rest is not None and not rest.strip():
        raise RecipeError(N_("After {base}: something must follow."), _SHAPE, base=base)
    changes = [] if rest is None else [_parse_change(part) for part in _split(rest)]
    return Recipe(base, tuple(changes))


def overlapping(one: Change, other: Change, place: str) -> RecipeError:
    """Return the refusal of two changes of one slot at one place."""
    if not place:
        return RecipeError(
            N_("{one} and {other} are both for the same part."),
            N_("Give each its own place, such as @backbone and @neck, or leave one out."),
            one=one,
            other=other,
        )
    return RecipeError(
        N_("{one} and {other} are both for {place}."),
        N_("Give each its own places or leave one out."),
        one=one,
        other=other,
        place=place,
    )


def _split(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts, start, inside = [], 0, False
    for mark in re.finditer(r"[,()]", text):
        if mark[0] != ",":
            inside = mark[0] == "("
        elif not inside:
            parts.append(text[start : mark.start()])
            start = mark.end()
    return [*parts, text[start:]]


def _parse_change(text: str) -> Change:
    found = _CHANGE.fullmatch(text)
    if found is None:
        raise RecipeError(N_("{part} is no part of a recipe."), _SHAPE, part=text.strip() or "''")
    options, places = found["options"], found["places"]
    return Change(
        _small(found["slot"]),
        _small(found["name"]),
        () if options is None else tuple(_parse_option(part, text) for part in options.split(",")),
        () if places is None else tuple(_small(place) for place in places.split("+")),
    )


def _small(text: str) -> str:
    """Return a word in small letters, one with signs that only look like letters as it is."""
    word = text.strip()
    return word.lower() if word.isascii() else word


def _parse_option(text: str, change: str) -> tuple[str, Value]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise RecipeError(
            N_("In {change} the option {option} is not of the form key=value."),
            _SHAPE,
            change=change.strip(),
            option=text.strip() or "''",
        )
    return key, _parse_value(value)


def _parse_value(text: str) -> Value:
    if text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    if _WHOLE.fullmatch(text):
        # Python reads no more than some thousand digits; these are refused as they stand.
        whole = int(text) if len(text) < 100 else _LARGEST
        return whole if -_LARGEST <= whole < _LARGEST else text
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def written(value: Value) -> str:
    """Return the value of an option as recipes write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _place_order(place: str) -> tuple[int, str]:
    part = place.partition(".")[0]
    return (_PARTS.index(part) if part in _PARTS else len(_PARTS), place)


def _change_order(change: Change) -> tuple[int, list[tuple[int, str]], str]:
    places = [_place_order(place) for place in change.places]
    return ORDER[change.slot], places, str(change)
