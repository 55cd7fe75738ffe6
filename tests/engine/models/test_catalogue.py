"""What holds for every entry of the catalogue in every task that it is for.

Nothing here names an entry, so that those that come later are held to the same. All are quick and
all of them together are not: in every run each entry is built without memory, and one of each slot
goes through everything. Half precision, folding and export are tried in an entry's first task, as
they do not depend on the head.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import device
from engine.models import bases, registry
from engine.models.plan import draw, places
from engine.models.recipe import Recipe, parse
from engine.models.slots import OF_LOSS, SLOTS
from engine.types import TASKS
from tests.helpers.batches import HEIGHT, WIDTH, batch, trainable
from tests.helpers.checkpoints import SUFFIXES

device.prepare()

import torch  # noqa: E402 - after the switches
from torch import Tensor  # noqa: E402

from engine.models import network  # noqa: E402


def cases() -> list[str]:
    """Return a recipe for every entry and every task whose network has a part for it.

    The first tasks of all entries come first.
    """
    first, later = [], []
    for entry in registry.entries():
        found = []
        for task in TASKS:
            base = f"yolo11n{SUFFIXES[task]}"
            has = not SLOTS[entry.slot].placed or places(entry.slot, bases.find(base))
            if task in entry.tasks and has:
                found.append(f"{base}:{entry.slot}={entry.name}")
        first += found[:1]
        later += found[1:]
    return first + later


CASES = cases()
FIRST = CASES[: len(registry.entries())]
ONE_OF_A_SLOT = list({text.partition(":")[2].partition("=")[0]: text for text in FIRST}.values())
IN_EVERY_RUN = ("test_it_builds_without_memory",)
IN_EVERY_TASK = (
    "test_outputs_have_the_shape_of_the_stock_network",
    "test_it_trains_a_step",
    "test_its_weights_come_back",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test its recipes, most of them marked slow."""
    if "text" in metafunc.fixturenames:
        name = metafunc.function.__name__
        quick = FIRST if name in IN_EVERY_RUN else ONE_OF_A_SLOT
        made = [
            pytest.param(text, marks=[] if text in quick else [pytest.mark.slow])
            for text in (CASES if name in IN_EVERY_TASK else FIRST)
        ]
        metafunc.parametrize("text", made, scope="module")


def build(text: str, seed: int = 0) -> Any:  # noqa: ANN401 - a class made for a task
    torch.manual_seed(seed)
    recipe = parse(text)
    return network.build(recipe, draw(recipe))


def tensors(output: object) -> Iterator[Tensor]:
    """Yield the tensors of an output, whatever it is made of."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict):
        for key in sorted(output):
            yield from tensors(output[key])
    elif isinstance(output, list | tuple):
        for each in output:
            yield from tensors(each)


def answers(model: Any, dtype: torch.dtype = torch.float32) -> list[Tensor]:  # noqa: ANN401
    """Return what a network says of fixed noise with sides that are odd multiples of the stride."""
    pictures = torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return list(tensors(model.eval()(pictures.to(dtype))))


@pytest.fixture(scope="module")
def built(text: str) -> Any:  # noqa: ANN401
    """A network with statistics of normalisation that are not those at the start."""
    model = build(text).train()
    with torch.no_grad():
        model(torch.rand(2, 3, HEIGHT, WIDTH))
    return model.eval()


@lru_cache
def stock(base: str) -> list[tuple[int, ...]]:
    """Return the shapes of the outputs of a network without any entry."""
    return [tuple(each.shape) for each in answers(build(base))]


def own_parts(model: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    """Return the layers of a network that have an entry in them, by name."""
    nodes = zip(model.graph.nodes, model.model, strict=True)
    return [(node.name, layer) for node, layer in nodes if node.change or node.inner]


def test_there_are_entries_for_every_task() -> None:
    found = {bases.find(parse(text).base).task for text in CASES}
    assert found == set(TASKS)
    assert {parse(text).changes[0].label for text in CASES} == {
        f"{entry.slot}={entry.name}" for entry in registry.entries()
    }


def test_it_builds_without_memory(text: str) -> None:
    with torch.device("meta"):
        light = build(text)
    assert {each.device.type for each in light.parameters()} == {"meta"}


def test_it_is_in_the_network(text: str, built: Any) -> None:  # noqa: ANN401
    change = parse(text).changes[0]
    assert built.recipe == parse(text)
    assert bool(own_parts(built)) == (SLOTS[change.slot].placed or change.slot == "head")
    if change.slot in OF_LOSS:
        assert Recipe(built.recipe.base, built.recipe.changes).is_stock


def test_outputs_have_the_shape_of_the_stock_network(text: str, built: Any) -> None:  # noqa: ANN401
    found = answers(built)
    assert [tuple(each.shape) for each in found] == stock(text.partition(":")[0])
    assert all(each.isfinite().all() for each in found)


def test_a_picture_of_609_by_417_goes_through(built: Any) -> None:  # noqa: ANN401
    # Filled up to multiples of the stride, as the detector does.
    picture = torch.zeros(1, 3, 448, 640)
    picture[..., :417, :609] = torch.rand(3, 417, 609)
    with torch.no_grad():
        assert all(each.isfinite().all() for each in tensors(built(picture)))


def test_it_trains_a_step(built: Any) -> None:  # noqa: ANN401
    model = trainable(deepcopy(built))
    torch.manual_seed(2)
    seen = batch(model.task)
    before = {key: value.clone() for key, value in model.named_parameters()}
    loss, items = model.loss(seen)
    assert loss.sum().isfinite()
    assert loss.sum() > 0
    assert all(item.isfinite() for item in items.values())
    loss.sum().backward()
    learning = {key: each for key, each in model.named_parameters() if each.requires_grad}
    assert [key for key, each in learning.items() if each.grad is None] == []
    assert [key for key, each in learning.items() if not each.grad.isfinite().all()] == []
    for name, layer in own_parts(model):
        gradients = [each.grad for each in layer.parameters() if each.grad is not None]
        assert not gradients or any(each.any() for each in gradients), name
    torch.optim.SGD(learning.values(), lr=1e-4).step()
    assert any((each != before[key]).any() for key, each in learning.items())
    assert model.loss(seen)[0].sum().isfinite()


def test_its_weights_come_back(text: str, built: Any) -> None:  # noqa: ANN401
    other = build(text, seed=3)
    state = built.state_dict()
    assert any((value != state[key]).any() for key, value in other.state_dict().items())
    with torch.device("meta"):
        light = build(text)
    shapes = {key: value.shape for key, value in light.state_dict().items()}
    assert shapes == {key: value.shape for key, value in state.items()}
    assert light.stride.tolist() == built.stride.tolist()
    other.load_state_dict(state)
    pairs = zip(answers(other), answers(built), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)


def test_it_runs_in_half_precision(built: Any) -> None:  # noqa: ANN401
    try:
        found = answers(deepcopy(built).half(), torch.float16)
    except RuntimeError as error:
        assert "not implemented for 'Half'" in str(error)  # noqa: PT017 - the one way around
        found = answers(deepcopy(built).bfloat16(), torch.bfloat16)
    assert all(each.isfinite().all() for each in found)


def test_it_folds(built: Any) -> None:  # noqa: ANN401
    from engine.models.fold import fold

    folded = fold(deepcopy(built))
    for one, two in zip(answers(folded), answers(built), strict=True):
        assert torch.allclose(one, two, rtol=1e-3, atol=1e-4 * float(two.abs().max()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_it_is_exported(built: Any, tmp_path: Path) -> None:  # noqa: ANN401
    import onnxruntime

    model, file = deepcopy(built), str(tmp_path / "model.onnx")
    head = model.model[-1]
    head.export, head.format = True, "onnx"
    pictures = torch.rand(1, 3, HEIGHT, WIDTH)
    with torch.no_grad():
        expected = list(tensors(model(pictures)))
        torch.onnx.export(model, (pictures,), file, dynamo=False, opset_version=17)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: pictures.numpy()})
    for one, two in zip(found, expected, strict=True):
        difference = np.abs(one - two.numpy()).max()
        assert difference < 1e-4 * max(1.0, float(two.abs().max()))
