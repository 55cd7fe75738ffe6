"""What torch does with operators: compiling, exporting, and its own checks of a registration."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.helpers.operators import CASES, Case, Result, tuple_of

pytestmark = [pytest.mark.tool("g++"), pytest.mark.usefixtures("native")]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


class Calls(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps the calls of our operators while it is active.

    Attributes:
        made: Operators with their arguments.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.made: list[tuple[Any, tuple[Any, ...]]] = []

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Note a call and make it."""
        if func.namespace == "labsight":
            self.made.append((func, args))
        return func(*args, **kwargs or {})


def slopes(found: Result, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    loss = sum((each.float() * (1 + index)).sum() for index, each in enumerate(tuple_of(found)))
    assert isinstance(loss, Tensor)
    return torch.autograd.grad(loss, inputs)


@every_case
def test_registrations_pass_the_checks_of_torch(case: Case) -> None:
    inputs = case.tensors(slopes=True)
    with Calls() as calls:
        slopes(case.call(*inputs), inputs)
    names = [operator.name() for operator, _ in calls.made]
    assert names == [f"labsight::{case.operator}", f"labsight::{case.operator}_backward"]
    for operator, arguments in calls.made:
        given = tuple(
            each.detach().clone().requires_grad_(not operator.name().endswith("_backward"))
            if isinstance(each, Tensor)
            else each
            for each in arguments
        )
        verdicts = torch.library.opcheck(operator, given)
        assert set(verdicts.values()) == {"SUCCESS"}


@every_case
@pytest.mark.parametrize("dynamic", [False, True])
def test_compiled_they_give_the_same(case: Case, dynamic: bool) -> None:
    torch.compiler.reset()
    compiled = torch.compile(case.call, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    for length in (9, 70):
        inputs, others = case.tensors(length=length, slopes=True), case.tensors(length=length)
        others = [each.requires_grad_() for each in others]
        found, expected = compiled(*inputs), case.call(*others)
        pairs = zip(tuple_of(found), tuple_of(expected), strict=True)
        assert all(torch.equal(one, two) for one, two in pairs)
        pairs = zip(slopes(found, inputs), slopes(expected, others), strict=True)
        assert all(torch.equal(one, two) for one, two in pairs)


@every_case
def test_exported_each_is_one_node_for_any_batch_and_length(case: Case) -> None:
    network = case.network()
    program = torch.export.export(
        network, tuple(case.tensors()), dynamic_shapes=case.dynamic_shapes()
    )
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert targets.count(f"labsight.{case.operator}.default") == 1
    for batch, length in ((2, 9), (3, 130)):
        inputs = case.tensors(batch, length)
        found, expected = program.module()(*inputs), network(*inputs)
        pairs = zip(tuple_of(found), tuple_of(expected), strict=True)
        assert all(torch.equal(one, two) for one, two in pairs)
