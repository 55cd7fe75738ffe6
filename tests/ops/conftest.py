"""torch and ultralytics are made ready before the tests beside this file import them.

`variant` runs a test once for each processor library that this machine can run, the fastest also in
the quick run. `native` is the fastest.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import device

device.prepare()

from ops import libraries, variants  # noqa: E402
from ops.build import compiler  # noqa: E402
from ops.libraries import Library  # noqa: E402
from ops.variants import Variant  # noqa: E402

Built = Callable[[Variant], Library]
_HERE = variants.here()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return what compiles the library of a variant, once."""
    folder, made = tmp_path_factory.mktemp("ops"), dict[str, Library]()

    def build(variant: Variant) -> Library:
        if variant.name not in made:
            file: Path = folder / variant.library()
            compiler.library(compiler.native(), variant, file)
            made[variant.name] = Library(variant, ctypes.CDLL(str(file)))
        return made[variant.name]

    return build


@pytest.fixture(
    params=[
        pytest.param(
            each,
            id=each.name,
            marks=[pytest.mark.tool("g++"), *([pytest.mark.slow] if position else [])],
        )
        for position, each in enumerate(_HERE)
    ]
)
def variant(request: pytest.FixtureRequest, built: Built, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the operators run on a library, and return its name."""
    monkeypatch.setattr(libraries, "_loaded", (built(request.param), ()))
    name: str = request.param.name
    return name


@pytest.fixture
def native(built: Built) -> Iterator[str]:
    """Have the operators run on the fastest library; ask for `tool("g++")` beside it."""
    with libraries.substitute(built(_HERE[0])):
        yield _HERE[0].name
