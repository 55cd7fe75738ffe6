"""What goes where: places, defaults, overlaps, and why some things cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import device
from engine.errors import RecipeError
from engine.models import bases, graph, registry
from engine.models.design import Row
from engine.models.graph import Graph, Node
from engine.models.plan import draw, places
from engine.models.recipe import parse
from engine.models.slots import SLOTS

BASES = [f"yolo11n{suffix}" for suffix in ("", "-p2", "-p6", "-cls", "-seg", "-p2-obb", "-p6-pose")]


def drawn(text: str) -> Graph:
    return draw(parse(text))


def refused(text: str) -> RecipeError:
    """Return the refusal of a recipe, whose sentence and hint can be shown."""
    with pytest.raises(RecipeError) as caught:
        drawn(text)
    assert str(caught.value)
    return caught.value


def standing(text: str, label: str) -> list[str]:
    """Return the names of the nodes where an entry stands."""
    return [node.name for node in drawn(text).nodes if node.layer == label]


def readers(plan: Graph, name: str) -> list[str]:
    return [node.name for node in plan.nodes if name in node.inputs]


def check(plan: Graph) -> None:
    """Hold that names are unique, and that nodes read what is before them and as they expect."""
    seen: dict[str, Node] = {}
    for node in plan.nodes:
        assert node.name not in seen
        for name, channels in zip(node.inputs, node.channels_in, strict=True):
            assert (seen[name].channels if name != graph.PICTURE else graph.CHANNELS) == channels
        seen[node.name] = node


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("slot", SLOTS)
def test_every_place_that_is_offered_can_be_used(base: str, slot: str) -> None:
    entries = registry.entries(slot)
    offered = places(slot, bases.find(base))
    for place in offered if entries and SLOTS[slot].placed else ():
        label = f"{slot}={entries[0].name}"
        plan = drawn(f"{base}:{label}@{place}")
        check(plan)
        found = [node for node in plan.nodes if node.change is not None or node.inner is not None]
        assert found, place
        level = place.rpartition(".")[2]
        if level[0] == "p" and level[1:].isdigit():
            assert {node.level for node in found} == {int(level[1:])}


@pytest.mark.parametrize(
    ("base", "slot", "expected"),
    [
        ("yolo11n", "up", "neck p3 p4 neck.p3 neck.p4 neck.up neck.up.p3 neck.up.p4"
                          " neck.up.p3.up neck.up.p4.up"),
        ("yolo11n-p2", "up", "neck p2 p3 p4 neck.p2 neck.p3 neck.p4 neck.up neck.up.p2 neck.up.p3"
                             " neck.up.p4 neck.up.p2.up neck.up.p3.up neck.up.p4.up"),
        ("yolo11n-cls", "up", ""),
        ("yolo11n", "context", "backbone p5 backbone.p5 backbone.p5.context"),
        ("yolo11n-p6", "context", "backbone p6 backbone.p6 backbone.p6.context"),
        ("yolo11n-cls", "context", ""),
        ("yolo11n-cls", "psa", "backbone p5 backbone.p5 backbone.p5.psa"),
        ("yolo11n", "stem", "backbone p1 backbone.p1 backbone.p1.stem"),
        ("yolo11n-cls", "block", "backbone p2 p3 p4 p5 backbone.p2 backbone.p3 backbone.p4"
                                 " backbone.p5 backbone.p2.block backbone.p3.block"
                                 " backbone.p4.block backbone.p5.block"),
        ("yolo11n-cls", "attention", "backbone p5 backbone.p2 backbone.p3 backbone.p4 backbone.p5"
                                     " backbone.p2.block backbone.p3.block backbone.p4.block"
                                     " backbone.p5.psa"),
        ("yolo11n", "attention", "backbone neck p3 p4 p5 backbone.p2 backbone.p3 backbone.p4"
                                 " backbone.p5 neck.down neck.p3 neck.p4 neck.p5 neck.up"
                                 " backbone.p2.block backbone.p3.block backbone.p4.block"
                                 " backbone.p5.psa neck.down.p4 neck.down.p5 neck.up.p3"
                                 " neck.down.p4.block neck.down.p5.block neck.up.p3.block"),
        ("yolo11n", "head", "head"),
        ("yolo11n", "iou", ""),
    ],
)  # fmt: skip
def test_places(base: str, slot: str, expected: str) -> None:
    found = places(slot, bases.find(base))
    assert sorted(found) == sorted(expected.split())
    assert found == sorted(found, key=lambda place: place.count("."))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("yolo11n:block=faster", "backbone.p2.block backbone.p3.block backbone.p4.block"
                                 " backbone.p5.block neck.up.p4.block neck.up.p3.block"
                                 " neck.down.p4.block neck.down.p5.block"),
        ("yolo11n:block=faster@p4", "backbone.p4.block neck.up.p4.block neck.down.p4.block"),
        ("yolo11n:block=faster@neck.p4", "neck.up.p4.block neck.down.p4.block"),
        ("yolo11n:block=faster@neck.up", "neck.up.p4.block neck.up.p3.block"),
        ("yolo11n:block=faster@neck.up.p4.block", "neck.up.p4.block"),
        ("yolo11n:block=faster@backbone.p5+neck.up.p3", "backbone.p5.block neck.up.p3.block"),
        ("yolo11n-cls:block=faster", "backbone.p2.block backbone.p3.block backbone.p4.block"
                                     " backbone.p5.block"),
        ("yolo11n:down=spd", "backbone.p2.down backbone.p3.down backbone.p4.down backbone.p5.down"
                             " neck.down.p4.down neck.down.p5.down"),
        ("yolo11n-p6:down=spd@p6", "backbone.p6.down neck.down.p6.down"),
        ("yolo11n-p2:up=dysample@p2", "neck.up.p2.up"),
        ("yolo11n-p6:context=sppelan", "backbone.p6.context"),
        ("yolo11n:attention=cbam", "neck.up.p3.attention neck.down.p4.attention"
                                   " neck.down.p5.attention"),
        ("yolo11n-p2:attention=cbam", "neck.up.p2.attention neck.down.p3.attention"
                                      " neck.down.p4.attention neck.down.p5.attention"),
        ("yolo11n-p6:attention=cbam@p3+p6", "neck.up.p3.attention neck.down.p6.attention"),
        ("yolo11n-cls:attention=cbam", "backbone.p5.attention"),
        ("yolo11n:attention=cbam@backbone", "backbone.p2.attention backbone.p3.attention"
                                            " backbone.p4.attention backbone.p5.attention"),
        ("yolo11n:attention=cbam@backbone.p4", "backbone.p4.attention"),
    ],
)  # fmt: skip
def test_where_entries_stand(text: str, names: str) -> None:
    label = text.partition(":")[2].partition("@")[0]
    assert standing(text, label) == names.split()


@pytest.mark.parametrize("base", BASES)
def test_everything_else_stays_as_it_is(base: str) -> None:
    plain, plan = drawn(base), drawn(f"{base}:block=faster@p4")
    assert [node.name for node in plan.nodes] == [node.name for node in plain.nodes]
    for before, after in zip(plain.nodes, plan.nodes, strict=True):
        if after.change is None:
            assert after == before
        else:
            kept = ("name", "inputs", "channels_in", "channels", "level", "repeats", "expansion")
            assert [getattr(after, name) for name in kept] == [
                getattr(before, name) for name in kept
            ]
    assert (plan.strides, plan.stride) == (plain.strides, plain.stride)


def test_losses_leave_the_graph_as_it_is() -> None:
    assert drawn("yolo11n:iou=wiou3,cls=varifocal") == drawn("yolo11n")


@pytest.mark.parametrize("base", [base for base in BASES if base != "yolo11n-cls"])
def test_what_read_a_node_reads_the_attention_behind_it(base: str) -> None:
    plain, plan = drawn(base), drawn(f"{base}:attention=cbam@backbone+neck")
    check(plan)
    added = [node for node in plan.nodes if node.slot == "attention"]
    assert len(added) == len(plain.nodes[-1].inputs) + len(
        [node for node in added if node.part == "backbone"]
    )
    for node in added:
        (before,) = node.inputs
        assert readers(plan, before) == [node.name]
        assert readers(plan, node.name) == readers(plain, before)
        old = plain.node(before)
        assert (node.channels, node.channels_in, node.level) == (
            old.channels, (old.channels,), old.level
        )  # fmt: skip
        assert plan.nodes[[each.name for each in plan.nodes].index(before) + 1] == node
    assert set(plan.head.inputs) == {node.name for node in added if node.part == "neck"}
    assert plan.head.channels_in == plain.head.channels_in
    assert plan.strides == plain.strides


def test_an_attention_behind_what_is_read_twice() -> None:
    plan = drawn("yolo11n:attention=cbam@p3")
    assert readers(plan, "neck.up.p3.attention") == ["neck.down.p4.down", "head"]
    assert readers(plan, "neck.up.p3.block") == ["neck.up.p3.attention"]


def test_attentions_and_blocks_at_one_place() -> None:
    plan = drawn("yolo11n:attention=cbam(kernel=3)@p3,attention=cbam@p5,block=faster@p3")
    check(plan)
    assert plan.node("neck.up.p3.block").layer == "block=faster"
    changes = [node.change for node in plan.nodes if node.slot == "attention"]
    assert [change.options for change in changes if change] == [(("kernel", 3),), ()]


def test_convolutions_stand_inside_blocks_of_either_kind() -> None:
    plan = drawn("yolo11n:conv=repconv,block=faster@backbone")
    inside = [node for node in plan.nodes if node.inner is not None]
    assert [node.name for node in inside] == [n.name for n in plan.nodes if n.slot == "block"]
    assert [node.change is not None for node in inside] == [True] * 4 + [False] * 4
    assert {node.inner[1].label for node in inside if node.inner} == {"conv=repconv"}


def test_convolutions_at_their_places() -> None:
    plan = drawn("yolo11n:conv=repconv@neck.up")
    assert [n.name for n in plan.nodes if n.inner] == ["neck.up.p4.block", "neck.up.p3.block"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("block=faster@p3,block=faster(ratio=3.0)@neck", ["ratio=3.0", "neck.up.p3.block"]),
        ("block=faster@neck.up.p3.block,block=faster(ratio=3.0)@neck.up", ["neck.up.p3.block"]),
        ("block=faster,block=faster(ratio=3.0)@p5", ["backbone.p5.block"]),
        ("attention=cbam,attention=cbam(kernel=3)@p3", ["kernel=3", "neck.up.p3.block"]),
        ("conv=repconv@p5,conv=repconv@backbone", ["conv=repconv@p5", "conv=repconv@backbone"]),
    ],
)
def test_an_overlap_is_found_whatever_the_places_are_called(changes: str, words: list[str]) -> None:
    message = refused(f"yolo11n:{changes}").message
    assert [word for word in words if word not in message] == []


def test_slots_do_not_overlap_with_one_another() -> None:
    check(drawn("yolo11n:block=faster@p3,conv=repconv@p3,attention=cbam@p3,up=dysample@p3"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yolo11n-cls:iou=wiou3", ["iou=wiou3", "yolo11n-cls", "classify", "detect"]),
        ("yolo11n-obb:iou=wiou3", ["iou=wiou3", "obb"]),
        ("yolo11n-cls:cls=varifocal", ["cls=varifocal", "classify"]),
        ("yolo11n:block=faster@p7", ["block=faster", "p7", "yolo11n", "nearest"]),
        ("yolo11n:block=faster@nek", ["nek", "the nearest place is neck."]),
        ("yolo11n:block=faster@neck.up.p5", ["neck.up.p5"]),
        ("yolo11n:block=faster@p1", ["p1"]),
        ("yolo11n:attention=cbam@p2", ["attention=cbam", "p2", "nearest"]),
        ("yolo11n:attention=cbam@p3+p9", ["p9"]),
        ("yolo11n-cls:attention=cbam@neck", ["neck", "nearest"]),
        ("yolo11n-cls:context=sppelan", ["context=sppelan", "yolo11n-cls"]),
        ("yolo11n-cls:up=dysample@p4", ["up=dysample", "yolo11n-cls"]),
        ("yolo11n:block=fastr", ["block=fastr", "block=faster"]),
        ("yolo11n:attention=cbam(kernl=3)", ["attention=cbam", "kernl", "nearest is kernel"]),
        ("yolo11n:down=spd(kernel=3)", ["down=spd", "no options", "kernel"]),
        ("yolo11n:attention=cbam(kernel=3.0)", ["attention=cbam", "kernel=3.0"]),
        ("yolo11n:attention=cbam(kernel=true)", ["kernel=true"]),
        ("yolo11n:attention=cbam(kernel=large)", ["kernel=large"]),
        ("yolo11n:block=faster(ratio=true)", ["ratio=true"]),
        ("yolo11n:iou=wiou3(alpha=nan)", ["iou=wiou3", "alpha=nan"]),
        ("yolo12n:block=faster", ["yolo12n", "nearest"]),
    ],
)
def test_refusals_name_what_cannot_be(text: str, words: list[str]) -> None:
    message = refused(text).message
    assert [word for word in words if word not in message] == []


def test_hints_list_what_can_be() -> None:
    assert "kernel=7" in refused("yolo11n:attention=cbam(kernl=3)").hint
    assert "neck.down" in refused("yolo11n:block=faster@nek").hint
    assert "7" in refused("yolo11n:attention=cbam(kernel=3.0)").hint


def test_a_whole_number_will_do_for_a_float() -> None:
    assert standing("yolo11n:block=faster(ratio=3)@p5", "block=faster")


@pytest.mark.parametrize(
    ("row", "recipe"),
    [
        (Row((-1,), 1, "nn.Upsample", (None, 4, "nearest")), "up=dysample"),
        (Row((-1,), 1, "ConvTranspose", (64, 2, 2)), "up=dysample"),
        (Row((-1,), 1, "Conv", (256, 4, 4)), "down=spd"),
        (Row((-1,), 1, "GhostBottleneck", (256, 3, 2)), "block=faster"),
    ],
)
def test_a_place_whose_layer_does_something_else_is_refused(row: Row, recipe: str) -> None:
    plain = bases.find("yolo11n-cls")
    design = replace(plain, backbone=(*plain.backbone, row))
    name = graph.of(design).nodes[len(design.backbone) - 1].name
    with pytest.raises(RecipeError) as caught:
        draw(parse(f"yolo11n-cls:{recipe}@{name}"), design)
    assert recipe in caught.value.message
    assert name in caught.value.message


def test_two_nodes_of_one_level_that_the_head_reads_get_attentions_of_their_own() -> None:
    plain = bases.find("yolo11n")
    head = plain.neck[-1]
    inner, outer = Row((-1,), 1, "Conv", (512, 3, 1)), Row((-1,), 1, "C2f", (512,))
    at = len(plain.backbone) + len(plain.neck) - 1
    neck = (*plain.neck[:-1], inner, outer, replace(head, sources=(*head.sources, at, at + 1)))
    plan = draw(parse("yolo11n:attention=cbam@p5"), replace(plain, neck=neck))
    check(plan)
    assert sum(node.slot == "attention" for node in plan.nodes) == 3


def test_impossible_channels_are_refused_when_the_network_is_built() -> None:
    device.prepare()
    import torch

    from engine.models import network

    for text, words in (
        ("yolo11n:up=dysample(groups=7)", ["up=dysample", "neck.up.p4.up", "256 channels"]),
        ("yolo11n:block=faster(share=0.01)@p2", ["block=faster", "backbone.p2.block"]),
        ("yolo11n:block=faster(ratio=0)@p2", ["block=faster", "backbone.p2.block"]),
        ("yolo11n:attention=cbam(kernel=4)", ["attention=cbam", "kernel 4"]),
        ("yolo11n:context=sppelan(kernel=0)", ["context=sppelan", "kernel 0"]),
        ("yolo11n:iou=wiou3(alpha=0.5)", ["iou=wiou3", "alpha"]),
        ("yolo11n:cls=varifocal(alpha=0)", ["cls=varifocal", "alpha"]),
        ("yolo11n:block=faster,conv=repconv", ["conv=repconv"]),
    ):
        recipe = parse(text)
        with torch.device("meta"), pytest.raises(RecipeError) as caught:
            network.build(recipe, draw(recipe))
        assert [word for word in words if word not in caught.value.message] == []
        assert caught.value.hint
