"""Starting from other weights: node by node, with the share that went over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import device
from engine.errors import WeightsError
from engine.models import checkpoint
from tests.engine.models.test_weights import made, outputs, picture, write
from tests.helpers.checkpoints import random_checkpoint

HERE = Path("start.pt")


def carried(text: str, source: Any, classes: int = 3) -> Any:  # noqa: ANN401
    network = made(text, classes)
    from engine.models.carry import carry

    return network, carry(network, source, HERE)


def test_the_same_network_takes_over_everything() -> None:
    source = made("yolo11n-seg")
    network, took = carried("yolo11n-seg", source)
    assert took.share == 1
    assert took.new == took.partial == ()
    for one, other in zip(network.state_dict().values(), source.state_dict().values(), strict=True):
        assert (one == other).all()


def test_a_layer_that_is_added_moves_nothing() -> None:
    source = made("yolo11n-seg")
    network, took = carried("yolo11n-seg:attention=cbam@p3+p4+p5", source)
    assert took.new == (
        "neck.up.p3.attention",
        "neck.down.p4.attention",
        "neck.down.p5.attention",
    )
    assert took.partial == ()
    added = sum(
        parameter.numel()
        for node, module in zip(network.graph.nodes, network.model, strict=True)
        if node.slot == "attention"
        for parameter in module.parameters()
    )
    total = sum(parameter.numel() for parameter in network.parameters())
    assert took.share == pytest.approx(1 - added / total)


def test_a_replaced_block_begins_anew_and_the_rest_goes_over() -> None:
    network, took = carried("yolo11n:block=faster@backbone", made("yolo11n"))
    assert took.new == tuple(f"backbone.p{level}.block" for level in (2, 3, 4, 5))
    assert "neck.up.p3.block" in took.whole
    assert "head" in took.whole
    assert 0 < took.share < 1


def test_inside_a_block_what_is_unchanged_goes_over() -> None:
    _, took = carried("yolo11n:conv=repconv@backbone", made("yolo11n"))
    assert set(took.partial) >= {"backbone.p2.block", "backbone.p3.block"}
    assert took.new == ()


def test_branches_of_a_head_go_to_their_level() -> None:
    source = made("yolo11n")
    network, took = carried("yolo11n-p2", source)
    assert "head" in took.partial
    mine, theirs = network.model[-1], source.model[-1]
    # The new level is the first one: level p3 is second there and first here.
    assert (mine.cv2[1][0].conv.weight == theirs.cv2[0][0].conv.weight).all()
    assert (mine.cv2[3][0].conv.weight == theirs.cv2[2][0].conv.weight).all()


def test_other_classes_leave_the_last_layer_behind() -> None:
    network, took = carried("yolo11s", made("yolo11s", 3), classes=2)
    assert "head" in took.partial
    assert took.new == ()
    assert took.share > 0.99


def test_class_branches_can_be_as_wide_as_those_of_the_start(tmp_path: Path) -> None:
    """The smallest networks have branches as wide as their classes are many."""
    source = made("yolo11n-seg", 80)
    from engine.models import bases, plan
    from engine.models.carry import carry, class_width
    from engine.models.network import build
    from engine.models.recipe import parse

    recipe = parse("yolo11n-seg:attention=cbam@p3")
    design = bases.find(recipe.base).trained_for(3)
    width = class_width(plan.draw(recipe, design), source, HERE)
    assert width == 80
    network = build(recipe, plan.draw(recipe, design.trained_for(class_width=width)))
    network.names = {0: "a", 1: "b", 2: "c"}
    took = carry(network, source, HERE)
    usual, _ = carried("yolo11n-seg:attention=cbam@p3", source)
    head, theirs = network.model[-1], source.model[-1]
    assert (head.cv3[0][1][1].conv.weight == theirs.cv3[0][1][1].conv.weight).all()
    assert (head.nc, head.no, head.cv3[2][-1].out_channels) == (3, 67, 3)
    assert took.share > carried("yolo11n-seg:attention=cbam@p3", source)[1].share
    assert usual.model[-1].cv3[0][1][1].conv.out_channels == 64
    write(tmp_path / "best.pt", network.eval())
    again = checkpoint.read(tmp_path / "best.pt").network
    image = picture()
    assert (outputs(network, image) - outputs(again, image)).abs().max() == 0
    # A second start is from the same width, a network for as many classes as the source as ever.
    assert class_width(plan.draw(recipe, design), again, HERE) == 80
    assert class_width(plan.draw(recipe, design.trained_for(80)), source, HERE) == 0
    assert class_width(plan.draw(parse("yolo11s-seg")), source, HERE) == 0


@pytest.mark.parametrize("generation", ["yolo11", "yolov8"])
def test_a_checkpoint_of_ultralytics_is_understood(tmp_path: Path, generation: str) -> None:
    path = random_checkpoint(tmp_path, generation, "detect")
    source = checkpoint.read(path).network
    _, took = carried("yolo11n", source, classes=3)
    if generation == "yolo11":
        assert took.share > 0.9
    else:
        # What both generations share: the convolutions between the blocks and the pooling.
        assert 0.05 < took.share < 0.9
        assert "backbone.p1.stem" in took.whole
        assert "backbone.p3.block" in took.new


def test_an_improved_network_is_a_start_too(tmp_path: Path) -> None:
    text = "yolo11n:attention=cbam@p3"
    write(tmp_path / "best.pt", made(text))
    source = checkpoint.read(tmp_path / "best.pt").network
    _, took = carried(text, source)
    assert took.share == 1
    _, took = carried("yolo11n", source)
    assert took.share == 1


def test_the_places_of_a_change_do_not_matter_to_a_node() -> None:
    _, took = carried("yolo11n:attention=cbam@p3+p4", made("yolo11n:attention=cbam@p3"))
    assert took.new == ("neck.down.p4.attention",)


def test_other_options_are_another_layer() -> None:
    _, took = carried("yolo11n:attention=cbam(kernel=3)@p3", made("yolo11n:attention=cbam@p3"))
    assert took.new == ("neck.up.p3.attention",)


def test_weights_of_another_task_are_refused() -> None:
    with pytest.raises(WeightsError) as caught:
        carried("yolo11n-seg", made("yolo11n"))
    assert "detect" in str(caught.value)
    assert "segment" in str(caught.value)
    assert str(HERE) in str(caught.value)


def test_folded_weights_are_refused(tmp_path: Path) -> None:
    device.prepare()
    folded, _ = checkpoint.load(random_checkpoint(tmp_path, "yolo11", "detect"))
    with pytest.raises(WeightsError, match="folded"):
        carried("yolo11n", folded)
