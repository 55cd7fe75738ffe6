"""The builder is faithful: parameters, outputs and layers are those of ultralytics' own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine import device
from engine.errors import RecipeError
from engine.models import bases, graph, plan, recipe, yaml_file
from engine.models.design import Design, Row
from engine.models.graph import Graph
from engine.models.layers import Scale
from tests.helpers.stock import FILES, ours_on_meta, shapes, stock, stock_on_meta, wiring

PARAMETERS = {
    "yolo11n": 2_624_080,
    "yolo11s": 9_458_752,
    "yolo11m": 20_114_688,
    "yolo11l": 25_372_160,
    "yolo11x": 56_966_176,
    "yolo11n-seg": 2_876_848,
    "yolo11s-seg": 10_113_248,
    "yolo11m-seg": 22_420_896,
    "yolo11l-seg": 27_678_368,
    "yolo11x-seg": 62_142_656,
    "yolo11n-pose": 2_908_507,
    "yolo11s-pose": 9_948_811,
    "yolo11n-obb": 2_695_747,
    "yolo11s-obb": 9_744_931,
    "yolo11n-cls": 2_812_104,
    "yolo11s-cls": 6_724_008,
}
SMALL = [f"yolo11{scale}{task}" for scale in "ns" for task in ("", "-seg", "-pose", "-obb", "-cls")]
MORE_LEVELS = [
    f"yolo11n{levels}{task}" for levels in ("-p2", "-p6") for task in ("", "-seg", "-pose", "-obb")
]


def drawn(text: str) -> Graph:
    return plan.draw(recipe.parse(text))


def built(text: str) -> Any:  # noqa: ANN401
    """Return our network of a recipe."""
    device.prepare()
    from engine.models import network

    return network.build(recipe.parse(text), drawn(text))


def count(network: Any) -> int:  # noqa: ANN401
    return sum(parameter.numel() for parameter in network.parameters())


def tensors(output: object) -> Iterator[Any]:
    """Yield the tensors of what a network gave, in one order."""
    if isinstance(output, Mapping):
        output = [output[key] for key in sorted(output)]
    if isinstance(output, list | tuple):
        for each in output:
            yield from tensors(each)
    else:
        yield output


def check_equal_outputs(ours: Any, theirs: Any) -> None:  # noqa: ANN401
    """Compare two networks of the same weights to the bit, as they run and as they learn."""
    import torch

    ours.load_state_dict(theirs.state_dict())
    pictures = torch.rand(2, 3, 64, 128)
    for training in (False, True):
        ours.train(training)
        theirs.train(training)
        with torch.no_grad():
            mine, other = list(tensors(ours(pictures))), list(tensors(theirs(pictures)))
        assert len(mine) == len(other) > 0
        for one, two in zip(mine, other, strict=True):
            assert one.shape == two.shape
            assert (one - two).abs().max() == 0


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    from ultralytics.nn import tasks

    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("ultralytics' parser was used")

    monkeypatch.setattr(tasks, "parse_model", refuse)
    with pytest.raises(AssertionError, match="parser was used"):
        tasks.DetectionModel("yolo11n.yaml", verbose=False)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_published_ones(name: str) -> None:
    network = ours_on_meta(bases.find(name))
    assert count(network) == PARAMETERS[name]
    assert all(parameter.is_meta for parameter in network.parameters())
    assert all(buffer.is_meta for buffer in network.buffers())


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_equal_to_the_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = stock(f"{name}.yaml", bases.find(name).task)
    forbid(monkeypatch)
    ours = built(name)
    assert wiring(ours) == wiring(theirs)
    assert [layer.f for layer in ours.model] == [layer.f for layer in theirs.model]
    assert ours.save == theirs.save
    assert ours.stride.tolist() == theirs.stride.tolist()
    check_equal_outputs(ours, theirs)


@pytest.mark.parametrize("name", MORE_LEVELS)
def test_more_levels_are_what_the_parser_makes_of_the_description(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = bases.find(name)
    theirs = stock(design.to_yaml(), design.task)
    forbid(monkeypatch)
    ours = built(name)
    assert wiring(ours) == wiring(theirs)
    assert ours.save == theirs.save
    assert ours.stride.tolist() == theirs.stride.tolist()
    check_equal_outputs(ours, theirs)


@pytest.mark.parametrize(
    ("name", "strides"),
    [
        ("yolo11n", (8, 16, 32)),
        ("yolo11n-p2", (4, 8, 16, 32)),
        ("yolo11n-p6", (8, 16, 32, 64)),
        ("yolo11n-cls", (32,)),
    ],
)
def test_strides(name: str, strides: tuple[int, ...]) -> None:
    made = drawn(name)
    assert made.strides == strides
    assert made.stride == max(strides)


def test_the_names_of_a_network() -> None:
    assert [node.name for node in drawn("yolo11n").nodes] == [
        "backbone.p1.stem",
        "backbone.p2.down",
        "backbone.p2.block",
        "backbone.p3.down",
        "backbone.p3.block",
        "backbone.p4.down",
        "backbone.p4.block",
        "backbone.p5.down",
        "backbone.p5.block",
        "backbone.p5.context",
        "backbone.p5.psa",
        "neck.up.p4.up",
        "neck.up.p4.fuse",
        "neck.up.p4.block",
        "neck.up.p3.up",
        "neck.up.p3.fuse",
        "neck.up.p3.block",
        "neck.down.p4.down",
        "neck.down.p4.fuse",
        "neck.down.p4.block",
        "neck.down.p5.down",
        "neck.down.p5.fuse",
        "neck.down.p5.block",
        "head",
    ]


@pytest.mark.parametrize("name", bases.names())
def test_names_are_unique_in_every_base(name: str) -> None:
    names = [node.name for node in drawn(name).nodes]
    assert len(set(names)) == len(names)


def test_names_stay_where_layers_are_added() -> None:
    plain = [node.name for node in drawn("yolo11n").nodes]
    more = [node.name for node in drawn("yolo11n:attention=cbam@backbone.p3+p3+p5").nodes]
    assert [name for name in more if name in plain] == plain
    assert len(more) == len(plain) + 3
    assert len(set(more)) == len(more)
    other = [node.name for node in drawn("yolo11n:block=faster@backbone,up=dysample").nodes]
    assert other == plain


@pytest.mark.parametrize("name", ["yolo11n-p2", "yolo11n-p6"])
def test_more_levels_keep_the_names_of_the_others(name: str) -> None:
    plain = {node.name for node in drawn("yolo11n").nodes}
    more = {node.name for node in drawn(name).nodes}
    # Pooling and attention stand at the end of the backbone, wherever that is.
    ends = {"backbone.p5.context", "backbone.p5.psa", "neck.up.p4.up"}
    assert plain - more <= ends


def test_classes_of_ultralytics_are_left_as_they_were() -> None:
    device.prepare()
    from ultralytics.nn.modules import OBB, Conv, Detect, Pose, Segment

    def state() -> list[object]:
        return [
            Conv.default_act,
            *(vars(kind).get("legacy") for kind in (Detect, Segment, Pose, OBB)),
        ]

    before = state()
    for file in ("v8/yolov8-seg.yaml", "v6/yolov6.yaml", "11/yolo11.yaml", "v8/yolov8-obb.yaml"):
        ours_on_meta(yaml_file.read(FILES / file))
        assert state() == before
    broken = yaml_file.read(FILES / "v8/yolov8-seg.yaml").trained_for(classes=-1)
    with pytest.raises(RecipeError):
        ours_on_meta(broken)
    assert state() == before


@pytest.mark.parametrize("suffix", ["", "-seg", "-pose", "-obb"])
def test_what_ultralytics_built_before_is_of_no_consequence(suffix: str) -> None:
    task = bases.find(f"yolo11n{suffix}").task
    older = stock_on_meta(f"yolov8n{suffix}.yaml", task)
    assert count(ours_on_meta(bases.find(f"yolo11n{suffix}"))) == PARAMETERS[f"yolo11n{suffix}"]
    stock_on_meta(f"yolo11n{suffix}.yaml", task)
    ours = ours_on_meta(yaml_file.read(FILES / f"v8/yolov8{suffix}.yaml"))
    assert shapes(ours) == shapes(older)


def test_networks_are_built_in_two_threads_at_once() -> None:
    designs = [bases.find("yolo11n-seg"), yaml_file.read(FILES / "v8/yolov8-seg.yaml")]
    expected = [count(ours_on_meta(design)) for design in designs]
    assert expected[0] != expected[1]
    found: dict[int, list[int]] = {0: [], 1: []}
    start = threading.Barrier(2)

    def work(index: int) -> None:
        start.wait(30)
        for _ in range(4):
            found[index].append(count(ours_on_meta(designs[index])))

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {0: [expected[0]] * 4, 1: [expected[1]] * 4}


def test_another_activation_is_in_every_convolution() -> None:
    from torch import nn

    network = ours_on_meta(yaml_file.read(FILES / "v6/yolov6.yaml"))
    kinds = {type(module.act) for module in network.modules() if hasattr(module, "act")}
    assert kinds == {nn.ReLU}


def test_an_entry_in_the_place_of_repeated_layers_is_as_deep() -> None:
    made = graph.of(yaml_file.read(FILES / "v3/yolov3.yaml"))
    assert made.node("backbone.p3.block").repeats == 8
    deep = graph.of(yaml_file.read(FILES / "v9/yolov9s.yaml"))
    assert deep.node("backbone.p3.block").repeats == 3


HEAD = Row((-1,), 1, "Classify", ("nc",))


def design(*rows: Row) -> Design:
    return Design("mine", "classify", Scale(), rows, (HEAD,))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Row((-1,), 1, "Conv", ())], ["Line 0 of mine", "Conv", "arguments"]),
        ([Row((-1,), 1, "Conv", (64, 3, 0))], ["Line 0", "stride 0"]),
        ([Row((-1,), 1, "Conv", (64, 3, 3))], ["Line 0", "stride 3", "powers of two"]),
        ([Row((-1,), 1, "Conv", (64, 3, -2))], ["Line 0", "stride -2"]),
        ([Row((-1,), 1, "Conv", (64, 3, float("nan")))], ["Line 0", "stride nan"]),
        ([Row((-1,), 9, "Conv", (3, 3, 65536))], ["Line 0"]),
        ([Row((-1,), 1, "nn.Upsample", (None, 2, "nearest"))], ["Line 0", "stride 0.5"]),
        ([Row((-1,), 1, "nn.Upsample", (640,))], ["Line 0", "nn.Upsample"]),
        ([Row((-1,), 3, "Conv", (64, 3, 2))], ["Line 0", "Conv", "3 channels", "64"]),
        ([Row((-1,), 1, "C2PSA", (64,))], ["Line 0", "C2PSA", "3 channels", "64"]),
        ([Row((0,), 1, "Conv", (64,))], ["Line 0", "line 0", "not before"]),
        ([Row((-1,), 1, "Conv", (64,)), Row((-2,), 1, "Conv", (64,))], ["Line 1", "line -2"]),
        ([Row((-1, -1), 1, "Conv", (64,))], ["Line 0", "Conv", "one feature map", "2"]),
        ([Row((), 1, "Concat", (1,))], ["Line 0", "Concat", "one feature map", "0"]),
        ([Row((-1,), 1, "Concat", (2,))], ["Line 0", "Concat"]),
        ([Row((-1,), 2, "Concat", (1,))], ["Line 0", "Concat", "repeated"]),
        ([HEAD], ["Line 1", "behind the head"]),
        ([Row((-1,), 1, "ResNetLayer", (64, 64, 1, True, 1))], ["Line 0", "ResNetLayer"]),
        ([Row((-1,), 1, "CBLinear", ((8, 8),)), Row((-1,), 1, "Conv", (8,))], ["Line 1", "CBFuse"]),
        ([Row((-1,), 1, "CBLinear", ((8, 8),))], ["Line 1", "CBFuse"]),
        ([Row((-1,), 1, "CBFuse", ((0,),))], ["Line 0", "CBFuse"]),
        (
            [
                Row((-1,), 1, "Conv", (8, 3, 2)),
                Row((-1,), 1, "Conv", (8, 3, 2)),
                Row((-1, -2), 1, "Concat", (1,)),
            ],
            ["Line 2", "different sizes"],
        ),
        (
            [
                Row((-1,), 1, "Conv", (8,)),
                Row((-1,), 1, "CBLinear", ((8, 16),)),
                Row((-1, 0), 1, "CBFuse", ((1,),)),
            ],
            ["Line 2", "CBFuse"],
        ),
    ],
)  # fmt: skip
def test_lines_that_do_not_fit_are_named(rows: list[Row], words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        graph.of(design(*rows))
    assert [word for word in words if word not in caught.value.message] == []
    assert caught.value.hint


def test_a_network_needs_a_head_and_classes() -> None:
    with pytest.raises(RecipeError, match="does not end with a head"):
        graph.of(Design("mine", "detect", Scale(), (Row((-1,), 1, "Conv", (8,)),), ()))
    with pytest.raises(RecipeError, match="no classes"):
        graph.of(bases.find("yolo11n").trained_for(0))


def test_pooling_divides_by_its_kernel_where_nothing_else_is_said() -> None:
    made = graph.of(
        design(Row((-1,), 1, "nn.MaxPool2d", (2,)), Row((-1,), 1, "nn.MaxPool2d", (5, 1, 2)))
    )
    assert made.stride == 2


def test_normalisation_is_told_its_channels_alone() -> None:
    made = graph.of(design(Row((-1,), 1, "Conv", (16,)), Row((-1,), 1, "nn.BatchNorm2d", (64,))))
    assert made.nodes[1].arguments == (16,)
    assert made.nodes[1].channels == 16
