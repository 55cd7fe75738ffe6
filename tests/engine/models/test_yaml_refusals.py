"""Descriptions from strangers: a graph or a sentence, whatever is in them, and never code."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import device
from engine.errors import RecipeError
from engine.models import bases, graph, plan
from engine.models.design import Design
from engine.models.layers import LAYERS
from engine.models.yaml_file import from_content, read
from tests.helpers.stock import ours_on_meta

HEAD = "head: [[-1, 1, Classify, [nc]]]\n"


def content(lines: list[Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a description with these lines before a head that classifies."""
    return {"nc": 2, "backbone": lines, "head": [[-1, 1, "Classify", ["nc"]]]} | more


def refused(described: Any) -> RecipeError:  # noqa: ANN401
    with pytest.raises(RecipeError) as caught:
        graph.of(from_content(described, "mine"))
    assert caught.value.message.endswith(".")
    return caught.value


def refused_file(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecipeError) as caught:
        read(path)
    assert caught.value.hint
    return caught.value.message


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "yolo11n.yaml", tmp_path / "absent" / "a.yaml"):
        with pytest.raises(RecipeError, match="There is no network file") as caught:
            read(path)
        assert str(path) in caught.value.message
    with pytest.raises(RecipeError, match="Cannot read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        ("# nothing\n", ["is empty"]),
        ("nc: [1, 2\nbackbone: }", ["not a YAML file", "line 2"]),
        (b"\xff\xfe\x00nc", ["not a YAML file"]),
        ("nc: \x00", ["not a YAML file"]),
        ("[" * 5000, ["not a YAML file"]),
        ("when: 2024-13-45", ["not a YAML file"]),
        ("nc: !!int ''", ["not a YAML file"]),
        ("nc: !!bool maybe", ["not a YAML file"]),
        ("{[1]: 2}", ["not a YAML file", "line 1"]),
        ("nc: !!python/object/apply:os.system ['true']", ["the tag", "python", "run code"]),
        ("nc: !!python/name:os.system", ["the tag", "python", "run code"]),
        ("nc: !mine 3", ["the tag !mine"]),
        ("just words", ["does not describe a network"]),
        ("- 1\n- 2\n", ["does not describe a network"]),
        ("nc: 80\n" + "# long\n" * 200_000, ["too large"]),
        (f"nc: 80\n{HEAD}", ["has no backbone"]),
        ("nc: 80\nbackbone: [[-1, 1, Conv, [8]]]\n", ["has no head"]),
        (f"nc: 80\nbackbone: words\n{HEAD}", ["has no backbone"]),
        (f"nc: 80\nbackbone: []\n{HEAD}", ["has no backbone"]),
    ],
)
def test_what_is_no_description_is_named(
    tmp_path: Path, text: str | bytes, words: list[str]
) -> None:
    message = refused_file(tmp_path / "mine.yaml", text)
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Conv", ["Line 1 of mine", "[from, repeats, module, arguments]"]),
        ([-1, 1, "Conv"], ["Line 1", "form"]),
        ([-1, 1, "Conv", [8], 1], ["Line 1", "form"]),
        ([-1, 1, "Conv", 8], ["Line 1", "form"]),
        (["a", 1, "Conv", [8]], ["Line 1", "form"]),
        ([[], 1, "Conv", [8]], ["Line 1", "form"]),
        ([None, 1, "Conv", [8]], ["Line 1", "form"]),
        ([-1, 1, ["Conv"], [8]], ["Line 1", "form"]),
        ([-1, 1, "Conv", [1] * 33], ["Line 1", "form"]),
        ([-1, 0, "Conv", [8]], ["Line 1", "0 times"]),
        ([-1, -3, "Conv", [8]], ["Line 1", "-3 times"]),
        ([-1, True, "Conv", [8]], ["Line 1", "True times"]),
        ([-1, 1.5, "Conv", [8]], ["Line 1", "1.5 times"]),
        ([-1, 1001, "C2f", [8]], ["Line 1", "1001 times", "1000"]),
        ([-1, 1, "C3K2", [8]], ["Line 1", "C3K2", "nearest is C3k2."]),
        ([-1, 1, "Convv", [8]], ["Line 1", "Convv", "nearest is Conv."]),
        ([-1, 1, "", [8]], ["Line 1", "''"]),
        ([-1, 1, "os.system", ["true"]], ["Line 1", "os.system", "no known module"]),
        ([-1, 1, "nn.Module", []], ["Line 1", "nn.Module", "nearest is nn."]),
        ([-1, 1, "torchvision.ops.Permute", []], ["Line 1", "torchvision.ops.Permute"]),
        ([-1, 1, "__import__", ["os"]], ["Line 1", "__import__"]),
        ([-1, 1, "RTDETRDecoder", ["nc"]], ["Line 1", "RTDETRDecoder", "not among"]),
        ([-1, 1, "ImagePoolingAttn", [8]], ["Line 1", "ImagePoolingAttn", "not among"]),
        ([-1, 1, "Conv", ["__import__('os').system('true')"]], ["Line 1", "not known there"]),
        ([-1, 1, "Conv", [8, "nearest"]], ["Line 1", "nearest", "not known"]),
        ([-1, 1, "Conv", ["nc"]], ["Line 1", "nc", "not known"]),
        ([-1, 1, "Conv", [8, "[1, 2]"]], ["Line 1", "[1, 2]", "not known"]),
        ([-1, 1, "nn.Upsample", ["None", 2, "neerest"]], ["Line 1", "the nearest is nearest"]),
        ([-1, 1, "Conv", [8, {"k": 3}]], ["Line 1", "not known"]),
        ([-1, 1, "SPP", [8, [[5]]]], ["Line 1", "not known"]),
        ([-1, 1, "Conv", [8, float("inf")]], ["Line 1", "inf"]),
        ([-1, 1, "Conv", [8, float("nan")]], ["Line 1", "nan"]),
        ([-1, 1, "Conv", [8, 70000]], ["Line 1", "70000", "65536"]),
        ([-1, 1, "Conv", [8, 10**5000]], ["Line 1", "…"]),
        ([-1, 1, "Conv", [0]], ["Line 1", "0 channels"]),
        ([-1, 1, "Conv", [-8]], ["Line 1", "-8 channels"]),
        ([-1, 1, "Conv", [8.5]], ["Line 1", "8.5 channels"]),
        ([-1, 1, "Conv", [True]], ["Line 1", "True channels"]),
        ([-1, 1, "Conv", [None]], ["Line 1", "None channels"]),
        ([-1, 1, "HGBlock", [8, 0]], ["Line 1", "0 channels"]),
        ([-1, 1, "CBLinear", [[8, 0]]], ["Line 1", "0 channels"]),
        ([-1, 1, "CBLinear", [8]], ["Line 1", "CBLinear"]),
        ([-1, 1, "A2C2f", [32, True, 1, True]], ["Line 1", "8 channels", "32"]),
        ([-1, 1, "Conv", []], ["Line 1", "Conv", "these arguments"]),
        ([5, 1, "Conv", [8]], ["Line 1", "line 5"]),
        ([10**5000, 1, "Conv", [8]], ["Line 1", "form"]),
        ([-1, 1, "Detect", ["nc"]], ["Line 2", "behind the head"]),
        ([-1, 1, "Detect", [80]], ["Line 1", "Detect", "[nc]"]),
        ([-1, 1, "Detect", ["nc", "anchors"]], ["Line 1", "anchors", "not known"]),
        ([-1, 1, "Segment", ["nc", 32]], ["Line 1", "Segment", "[nc, 32, 256]"]),
        ([-1, 1, "Segment", ["nc", 32, 0]], ["Line 1", "0 channels"]),
        ([-1, 1, "Pose", ["nc"]], ["Line 1", "Pose", "[nc, kpt_shape]"]),
        ([-1, 1, "OBB", ["nc", "nc"]], ["Line 1", "OBB", "[nc, 1]"]),
    ],
)
def test_lines_that_cannot_be_are_named(line: object, words: list[str]) -> None:
    message = refused(content([[-1, 1, "Conv", [8]], line])).message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"nc": None}, ["nc: None"]),
        ({"nc": 0}, ["nc: 0"]),
        ({"nc": True}, ["nc: True"]),
        ({"nc": "eighty"}, ["nc: eighty"]),
        ({"nc": 10**9}, ["nc: 1000000000"]),
        ({"reg_max": 0}, ["reg_max: 0"]),
        ({"channels": 4}, ["4 channels"]),
        ({"ch": [3]}, ["channels"]),
        ({"head": [[-1, 1, "Conv", [8]]]}, ["does not end with a head"]),
        ({"head": [[[-1], 1, "Pose", ["nc", "kpt_shape"]]]}, ["needs kpt_shape"]),
        (
            {"head": [[[-1], 1, "Pose", ["nc", "kpt_shape"]]], "kpt_shape": [17, 4]},
            ["needs kpt_shape"],
        ),
        ({"scales": {"n": [1, 1]}}, ["The scale n of mine"]),
        ({"scales": {"n": [1, 0, 1024]}}, ["The scale n of mine"]),
        ({"scales": {"n": [1, float("nan"), 1024]}}, ["The scale n of mine"]),
        ({"scales": {"n": "wide"}}, ["The scale n of mine"]),
        ({"scales": {"n": [1, 1, 1024]}, "scale": "q"}, ["no scale q", "nearest is n"]),
        ({"scales": {"n": [1, 1, 1024]}, "scale": ["n"]}, ["no scale"]),
        ({"scales": {"n": [1, 10**6, 1024]}}, ["The scale n of mine"]),
        ({"scales": {"n": [1, 60000, 1024]}}, ["Line 0", "8 channels"]),
        ({"width_multiple": "wide"}, ["three positive numbers"]),
        ({"activation": "__import__('os').abort()"}, ["activation", "torch.nn.ReLU()"]),
        ({"activation": "nn.Relu()"}, ["Relu", "nearest known one is ReLU"]),
        ({"activation": "nn.Module()"}, ["Module", "nearest"]),
        ({"activation": "torch.nn.LeakyReLU(0.1)"}, ["LeakyReLU", "arguments"]),
        ({"activation": 3}, ["activation", "3"]),
        ({"backbone": [[-1, 1, "Conv", [8]]] * 1001}, ["more than 1000 lines"]),
        ({"backbone": [[-1, 300, "C2f", [8]]] * 4}, ["more than 1000 layers"]),
        ({"backbone": [[-1, 1, "RepNCSPELAN4", [8, 8, 8, 60000]]]}, ["more than 1000 layers"]),
    ],
)  # fmt: skip
def test_descriptions_that_cannot_be_are_named(more: dict[str, Any], words: list[str]) -> None:
    message = refused(content([[-1, 1, "Conv", [8]]], **more)).message
    assert [word for word in words if word not in message] == []


def test_a_bomb_of_references_is_refused_at_once(tmp_path: Path) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "a0: &a0 [x, x]\n" + "\n".join(levels)
    path = tmp_path / "mine.yaml"
    line = "\nnc: 2\nbackbone: [[-1, 1, Conv, [8, *a29]]]\n" + HEAD
    assert "Line 0" in refused_file(path, text + line)
    assert "Line 0" in refused_file(path, text + line.replace("[8, *a29]", "*a29"))
    assert "nc: […]" in refused_file(
        path, text + "\nnc: *a29\nbackbone: [[-1, 1, Conv, [8]]]\n" + HEAD
    )


def test_the_usual_activation_is_no_other() -> None:
    described = content([[-1, 1, "Conv", [8]]], activation="torch.nn.SiLU()")
    assert from_content(described, "mine").activation == ""
    described["activation"] = "nn.Hardswish()"
    assert from_content(described, "mine").activation == "Hardswish"


def test_a_layer_that_cannot_be_made_is_refused_when_it_is_built() -> None:
    for line in (
        [-1, 2, "A2C2f", [24]],
        [-1, 1, "Conv", [8, 3, 1, None, 5]],
        [-1, 1, "AIFI", [8, 7]],
    ):
        design = from_content(content([line]), "mine")
        with pytest.raises(RecipeError) as caught:
            ours_on_meta(design)
        assert str(line[2]) in caught.value.message
        assert "Traceback" not in str(caught.value)


NUMBERS = st.one_of(
    st.sampled_from([1, 2, 3, 5, 8, 16, 64, 256, 0, -1, 0.5, None, True, False]),
    st.sampled_from(["None", "True", "nearest", "nc", "kpt_shape", "3", "0.5", "x()"]),
    st.lists(st.integers(-1, 16), max_size=4),
)
LINES = st.tuples(
    st.one_of(st.just(-1), st.integers(-4, 6), st.lists(st.integers(-3, 6), max_size=3)),
    st.integers(0, 4),
    st.sampled_from([*LAYERS, "Conv", "Conv", "C2f", "Concat", "RTDETRDecoder", "eval"]),
    st.lists(NUMBERS, max_size=6),
).map(list)
HEADS = st.sampled_from(
    [
        [[-1], 1, "Detect", ["nc"]],
        [-1, 1, "Classify", ["nc"]],
        [[-1, -2], 1, "Segment", ["nc", 32, 256]],
        [[-1], 1, "Pose", ["nc", "kpt_shape"]],
    ]
)
DESCRIPTIONS = st.fixed_dictionaries(
    {
        "nc": st.integers(1, 5),
        "backbone": st.lists(LINES, min_size=1, max_size=5),
        "head": st.tuples(LINES, HEADS).map(list) | HEADS.map(lambda head: [head]),
        "kpt_shape": st.just([3, 2]),
    },
    optional={
        "scale": st.sampled_from(["n", "m", "x", ""]),
        "scales": st.just({"n": [0.5, 0.25, 64], "m": [1.0, 1.0, 64]}),
        "activation": st.sampled_from(["nn.ReLU()", "eval"]),
        "end2end": st.booleans(),
    },
)


def attempt(described: Any) -> Design | RecipeError:  # noqa: ANN401
    """Return the design of a description whose graph can be drawn, or why it cannot."""
    try:
        design = from_content(described, "mine")
        graph.of(design)
    except RecipeError as error:
        return error
    return design


@given(DESCRIPTIONS)
@settings(max_examples=400)
def test_any_description_is_a_graph_or_a_sentence(described: dict[str, Any]) -> None:
    found = attempt(described)
    if isinstance(found, RecipeError):
        assert "{" not in found.message.replace("{…}", "")
        assert found.hint
    else:
        assert from_content(found.to_yaml(), "mine") == found


CALLS = st.sampled_from(
    [
        [8],
        [16, 3],
        [32, 3, 2],
        [16, True],
        [8, 5],
        [16, 3, 1, None, 3],
        [24, 24, 8, 2],
        [],
        [None, 2],
    ]
)
PLAUSIBLE = st.lists(
    st.tuples(st.just(-1), st.integers(1, 2), st.sampled_from(list(LAYERS)), CALLS).map(list),
    min_size=1,
    max_size=3,
)


@given(PLAUSIBLE)
@settings(max_examples=150)
def test_any_graph_is_a_network_or_a_sentence(lines: list[Any]) -> None:
    found = attempt(content(lines))
    if isinstance(found, RecipeError):
        return
    try:
        network = ours_on_meta(found)
    except RecipeError as error:
        assert_sentence(error)
    else:
        assert len(network.model) == len(lines) + 1


def assert_sentence(error: RecipeError) -> None:
    assert any(words in error.message for words in ("cannot be built at", "do not fit together"))
    assert error.hint


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["nc", "backbone", "head", "scales", "scale", "kpt_shape", "activation"]),
        inner, max_size=5),
    max_leaves=12,
))  # fmt: skip
def test_any_content_at_all_is_refused_with_a_sentence(described: object) -> None:
    assert refused(described).message


@given(st.binary(max_size=60) | st.text(alphabet="[]{}:-!&*#\n '\"nc1e.0x_ab", max_size=60))
def test_any_file_at_all_is_refused_with_a_sentence(data: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert refused_file(Path(folder) / "mine.yaml", data)


@pytest.mark.parametrize(
    ("line", "arguments", "words"),
    [
        # An even kernel makes a map that is one pixel short, which only its neighbours notice.
        (0, [64, 4, 2], "do not fit together"),
        (3, [65536, 99, 2], "2,000,000,000"),
    ],
)
def test_what_only_building_shows_is_refused_before_it_takes_memory(
    tmp_path: Path, line: int, arguments: list[int], words: str
) -> None:
    device.prepare()
    import torch

    from engine.models import network
    from engine.models.recipe import parse

    content = bases.find("yolo11n").to_yaml()
    content["backbone"][line][3] = arguments
    content["scales"] = {"n": [1.0, 1.0, 65536]}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    recipe = parse(str(path))
    drawn = plan.draw(recipe)
    before = torch.get_rng_state()
    with pytest.raises(RecipeError, match=words):
        network.build(recipe, drawn)
    # A weight that was made would have drawn from it.
    assert (torch.get_rng_state() == before).all()
