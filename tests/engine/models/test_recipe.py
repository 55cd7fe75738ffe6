"""Recipes: one canonical text for each, and a sentence for everything that is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from engine.errors import RecipeError
from engine.models.recipe import Change, Recipe, Value, parse
from engine.models.slots import ORDER, SLOTS

SPACES = st.text(" \t\n\u00a0\u3000", max_size=2)
FULL = "yolo11n-seg:block=faster(ratio=2.0,share=0.25)@backbone+p3,attention=cbam@neck.up.p4,iou=w"


SMALL = "abz09"


def lettered(first: str, more: str, least: int = 0) -> SearchStrategy[str]:
    """A text of one sign of `first` and up to five of `more`."""
    return st.builds(
        "{}{}".format, st.sampled_from(first), st.text(more, min_size=least, max_size=5)
    )


NAMES = lettered(SMALL, f"{SMALL}_-")
KEYS = lettered("abz", f"{SMALL}ABZ_")
PARTS = st.lists(lettered(SMALL, SMALL), max_size=3).filter(
    lambda parts: not {"yaml", "yml"} & {*parts}
)
PLACES = st.sampled_from(
    ["backbone", "neck", "head", "p2", "p3", "p10", "neck.up", "neck.down.p4.block.2"]
) | st.builds(lambda first, parts: ".".join([first, *parts]), lettered("abz", SMALL), PARTS)
WORDS = lettered("abzABZ_", f"{SMALL}ABZ_.-") | st.sampled_from(
    ["nan", "inf", "e5", "a.yaml", "trues"]
)
VALUES = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
FILES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "nets/", "/a b/网络/", "C:\\nets\\", "..\\", "\\\\host\\x,y@z=(1)\\"]),
    lettered(SMALL, f"{SMALL}AZ "),
    st.sampled_from([".yaml", ".yml", ".YAML", ".yaml.yml"]),
)
BASES = lettered(SMALL, f"{SMALL}_.-") | FILES


@st.composite
def recipes(draw: DrawFn) -> Recipe:
    """Any recipe: a slot comes back only at places that it has not had yet."""
    changes: dict[tuple[str, str], Change] = {}
    for slot in draw(st.lists(st.sampled_from(list(SLOTS)), max_size=5)):
        wanted = draw(st.lists(PLACES, max_size=4, unique=True)) if SLOTS[slot].placed else []
        here = tuple(place for place in wanted if (slot, place) not in changes)
        options = draw(st.dictionaries(KEYS, VALUES, max_size=3))
        change = Change(slot, draw(NAMES), tuple(options.items()), here)
        if not any((slot, place) in changes for place in here or ("",)):
            changes |= {(slot, place): change for place in here or ("",)}
    return Recipe(draw(BASES), tuple(dict.fromkeys(changes.values())))


def refused(text: str) -> RecipeError:
    """Return the refusal of a text, whose sentence and hint can be shown."""
    with pytest.raises(RecipeError) as caught:
        parse(text)
    assert caught.value.message
    assert str(caught.value).endswith(caught.value.hint)
    return caught.value


def kinds(recipe: Recipe) -> list[tuple[str, type]]:
    return [(key, type(value)) for change in recipe.changes for key, value in change.options]


@given(recipes())
def test_text_and_recipe_round_trip(recipe: Recipe) -> None:
    text = str(recipe)
    assert parse(text) == recipe
    assert str(parse(text)) == text
    assert kinds(parse(text)) == kinds(recipe)


@given(recipes(), st.data())
def test_order_case_and_white_space_mean_nothing(recipe: Recipe, data: st.DataObject) -> None:
    def space(mark: str) -> str:
        return f"{data.draw(SPACES)}{mark}{data.draw(SPACES)}"

    def shouted(text: str) -> str:
        return text.upper() if data.draw(st.booleans()) else text

    parts = []
    for change in data.draw(st.permutations(recipe.changes)):
        part = shouted(change.slot) + space("=") + shouted(change.name)
        if change.options:
            options = data.draw(st.permutations(str(change).split("(")[1].split(")")[0].split(",")))
            part += space("(") + space(",").join(each.replace("=", space("=")) for each in options)
            part += space(")")
        if change.places:
            shuffled = data.draw(st.permutations(change.places))
            part += space("@") + space("+").join(shouted(place) for place in shuffled)
        parts.append(part)
    text = space(recipe.base if recipe.is_file else shouted(recipe.base))
    text += space(":") + space(",").join(parts) if parts else ""
    assert str(parse(text)) == str(recipe)


@given(recipes())
def test_recipes_and_changes_are_put_in_order_whoever_makes_them(recipe: Recipe) -> None:
    assert Recipe(recipe.base, recipe.changes[::-1]) == recipe
    assert [ORDER[change.slot] for change in recipe.changes] == sorted(
        ORDER[change.slot] for change in recipe.changes
    )
    for change in recipe.changes:
        turned = Change(change.slot, change.name, change.options[::-1], change.places[::-1])
        assert turned == change


def parses_or_refuses(text: str) -> None:
    """Hold that a text is a recipe, with a canonical text that is its own, or is refused."""
    try:
        recipe = parse(text)
    except RecipeError as error:
        assert str(error)  # noqa: PT017 - that it can be shown is what is tested
    else:
        assert parse(str(recipe)) == recipe
        assert str(parse(str(recipe))) == str(recipe)


@given(st.text() | st.text("ab1.yaml:=,()@+- \n", max_size=40))
@example("yolo11n:block=my.yaml")
@example("yolo11n:block=a@neck.yaml")
@example("yolo11n:block=a@neck.yml+p3")
@example("a.yml:b.yaml")
@example(".yaml")
@example("yolo11n:block=a(x={y})")
def test_any_text_parses_or_is_refused(text: str) -> None:
    parses_or_refuses(text)


@given(recipes(), st.data())
def test_a_mutated_recipe_parses_or_is_refused(recipe: Recipe, data: st.DataObject) -> None:
    text = str(recipe)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 3)))
        inserted = data.draw(
            st.text("ab1.:=,()@+-\u212a７ ", max_size=3) | st.sampled_from(list(SLOTS))
        )
        text = text[:start] + inserted + text[end:]
    parses_or_refuses(text)


LONG = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "a" * LONG,
        " " * LONG + "=",
        "," * LONG,
        "(" * LONG,
        ")" * LONG,
        "()" * LONG,
        ":" * LONG,
        ".yaml" * LONG + "!",
        ".yaml " * LONG + "!",
        "a.yaml" + " " * LONG + "!",
        "yolo11n:" + "block" * LONG,
        "yolo11n:" + " " * LONG + "x",
        "yolo11n:block=" + "a" * LONG + "!",
        "yolo11n:block=a" + " " * LONG + "!",
        "yolo11n:block=a(" + "(" * LONG,
        "yolo11n:block=a(x=1)" + " " * LONG + "!",
        "yolo11n:block=a(" + "x=1," * LONG + ")",
        "yolo11n:block=a(x=" + "9" * LONG + ")",
        "yolo11n:block=a(x=1e" + "9" * LONG + ")",
        "yolo11n:block=a@" + "p3+" * LONG,
        "yolo11n:block=a@" + "p." * LONG,
    ],
    ids=lambda text: text[:18].strip() or "spaces",
)
def test_long_text_is_judged_at_once(text: str) -> None:
    before = time.process_time()
    parses_or_refuses(text)
    assert time.process_time() - before < 2


def test_a_recipe_with_very_many_parts_is_read_at_once() -> None:
    count = 10_000
    options = ",".join(f"k{number}={number}" for number in range(count))
    changes = ",".join(f"conv=a@p{number}" for number in range(count))
    before = time.process_time()
    recipe = parse(f"yolo11n:block=a({options}),{changes}")
    assert time.process_time() - before < 2
    assert len(recipe.changes) == count + 1
    assert len(recipe.changes[0].options) == count


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (r"C:\nets\my.yaml:block=faster@p3", r"C:\nets\my.yaml"),
        (r"  C:\Nets\My Net.YML : block = faster @ p3 ", r"C:\Nets\My Net.YML"),
        ("nets/yolo11.yaml:block=faster@p3", "nets/yolo11.yaml"),
        ("/a,b/(c)=@d+e/网.yaml:block=faster@p3", "/a,b/(c)=@d+e/网.yaml"),
        ("old.yaml.bak/new.yaml:block=faster@p3", "old.yaml.bak/new.yaml"),
    ],
)
def test_files_keep_their_path(text: str, base: str) -> None:
    recipe = parse(text)
    assert recipe == Recipe(base, (Change("block", "faster", (), ("p3",)),))
    assert recipe.is_file
    assert str(recipe) == f"{base}:block=faster@p3"
    assert parse(base) == Recipe(base)


@pytest.mark.parametrize("base", ["", " a.yaml", ".yaml", "a.yml:b.yaml", "A", "a b", "yolo11n:"])
def test_a_base_whose_text_would_be_read_as_something_else_is_refused(base: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(base)
    assert (base or "''") in caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("7", 7),
        ("-007", -7),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1e-3", -0.001),
        ("1E2", 100.0),
        ("9223372036854775807", 2**63 - 1),
        ("silu", "silu"),
        ("Nearest-2.x", "Nearest-2.x"),
        ("nan", "nan"),
        ("inf", "inf"),
    ],
)
def test_options_keep_value_and_kind(text: str, value: Value) -> None:
    ((key, found),) = parse(f"yolo11n:block=a(k={text})").changes[0].options
    assert (key, found, type(found)) == ("k", value, type(value))


@pytest.mark.parametrize(
    "text",
    ["", "-", "+1", "1e400", "-inf", "9" * 19, "-" + "9" * 40, "9" * 5000, "1_000", "0x10", "7 8",
     "２", "٣", "½", "é", "a b", "'a'", "{x}", "1,5", "k=2"],
)  # fmt: skip
def test_unreadable_values_are_refused_with_what_was_written(text: str) -> None:
    error = refused(f"yolo11n:block=a(k={text})")
    assert text.split(",")[-1] in error.message
    assert "block=a" in error.message


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**5000, -(2**63) - 1, "", "True"],
    ids=["nan", "inf", "endless", "large", "empty", "word"],
)
def test_values_that_have_no_text_are_refused(value: Value) -> None:
    with pytest.raises(RecipeError) as caught:
        Change("block", "a", (("k", value),))
    assert "k=" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("yolo11n:bloc\u212a=faster", "bloc\u212a"),
        ("yolo11n:blоck=faster", "blоck"),
        ("yolo11n:block=fаster", "fаster"),
        ("yolo11n:block=faster@nec\u212a", "nec\u212a"),
        ("yolo11n:block=faster@ｐ3", "ｐ3"),
        ("yolo11n:block=faster(\u212aernel=1)", "\u212aernel"),
        ("yolo11n:block＝faster", "block＝faster"),
        ("yolo11n：block=faster", "yolo11n：block=faster"),
        ("yolo１１n", "yolo１１n"),
    ],
)
def test_look_alikes_are_refused_and_shown(text: str, part: str) -> None:
    assert part in refused(text).message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["''"]),
        ("yolo11n:", ["yolo11n"]),
        ("a.yaml: ", ["a.yaml"]),
        ("yolo 11n", ["yolo 11n"]),
        ("yolo11n:block", ["block"]),
        ("yolo11n:block=", ["block="]),
        ("yolo11n:block=a,", ["''"]),
        ("yolo11n:block=a@p3@p4", ["block=a@p3@p4"]),
        ("yolo11n:block=a(b", ["block=a(b"]),
        ("yolo11n:blok=a", ["blok", "block"]),
        ("yolo11n:BLOK=a", ["blok", "block"]),
        ("yolo11n:block=a.b", ["block=a.b"]),
        ("yolo11n:block=a()", ["block=a()", "''"]),
        ("yolo11n:block=a(b)", ["block=a(b)", "b"]),
        ("yolo11n:block=a(b=1,b=2)", ["block=a", "b=2"]),
        ("yolo11n:block=a(B=1)", ["block=a", "B=1"]),
        ("yolo11n:block=a@", ["block=a", "''"]),
        ("yolo11n:block=a@p3+", ["block=a", "''"]),
        ("yolo11n:block=a@3p", ["block=a", "3p"]),
        ("yolo11n:block=a@neck.yaml+p3", ["block=a", "neck.yaml"]),
        ("yolo11n:iou=a@neck", ["iou=a"]),
    ],
)
def test_a_refusal_names_the_part(text: str, words: list[str]) -> None:
    message = refused(text).message
    assert [word for word in words if word not in message] == []


def test_the_hint_lists_the_slots_and_what_to_leave_out() -> None:
    assert all(slot in refused("yolo11n:blok=a").hint for slot in SLOTS)
    assert "@p3+neck" in refused("yolo11n:iou=a@p3+neck").hint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("block=a@p3+p4,block=b@p4+p5", ["block=a", "block=b", "p4"]),
        ("block=a@neck,attention=c@neck,block=b@neck", ["block=a", "block=b", "neck"]),
        ("block=a,block=b", ["block=a", "block=b"]),
        ("block=a(k=1)@p3,block=a(k=2)@p3", ["block=a(k=1)@p3", "block=a(k=2)@p3"]),
        ("block=a@p3,block=a@p3", ["block=a@p3", "p3"]),
        ("iou=a,iou=b", ["iou=a", "iou=b"]),
    ],
)
def test_an_overlap_names_both(changes: str, words: list[str]) -> None:
    message = refused(f"yolo11n:{changes}").message
    assert [word for word in words if word not in message] == []


def test_the_same_change_twice_is_an_overlap() -> None:
    twice = Change("block", "a")
    with pytest.raises(RecipeError):
        Recipe("yolo11n", (twice, twice))


def test_one_slot_at_different_places_and_different_slots_at_one() -> None:
    recipe = parse("yolo11n:block=b@p4+p3+p4,attention=c@p3,block=a@neck+backbone")
    assert str(recipe) == "yolo11n:block=a@backbone+neck,block=b@p3+p4,attention=c@p3"
    assert [change.name for change in recipe.chosen("block")] == ["a", "b"]
    assert recipe.chosen("iou") == ()


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("yolo11n", True),
        ("yolo11n:iou=a,cls=b", True),
        ("yolo11n:iou=a,act=b", False),
        (FULL, False),
    ],
)
def test_losses_leave_a_network_stock(text: str, stock: bool) -> None:
    assert parse(text).is_stock is stock
