"""The operators as torch knows them: `torch.ops.labsight.<name>`.

`define` and `impl` of a library cost two microseconds a call, the decorator `custom_op` seven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

# torch does not say of which types these methods are.
_LIBRARY: Any = torch.library.Library("labsight", "DEF")  # type: ignore[no-untyped-call]


def register(
    schema: str,
    *,
    fake: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    save: Callable[..., Any] | None = None,
    **implementations: Callable[..., Any],
) -> Any:  # noqa: ANN401
    """Register an operator and return it.

    Args:
        schema: As torch writes it, `name(Tensor x) -> Tensor`.
        fake: Returns empty results of the right shapes.
        backward: Returns the gradients of the inputs; nothing for an operator that is a gradient.
        save: Keeps what `backward` needs, as `setup_context` of torch.library.
        implementations: What computes it by the name of a dispatch key, such as `CPU`.
    """
    name = schema.partition("(")[0]
    _LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    for key, implementation in implementations.items():
        _LIBRARY.impl(name, implementation, key)
    qualified = f"labsight::{name}"
    torch.library.register_fake(qualified, fake, lib=_LIBRARY)
    if backward is not None:
        torch.library.register_autograd(qualified, backward, setup_context=save, lib=_LIBRARY)
    return getattr(torch.ops.labsight, name).default
