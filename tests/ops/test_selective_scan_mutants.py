"""A mistake in the compiled scan is found: of an index, a sign or a term, one at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.helpers import mistakes
from tests.helpers.mistakes import Mistake

MISTAKES = {
    "selective_scan/cpu.cpp": [
        ("block * LANES, int(smaller", "block * LANES + 1, int(smaller"),
        ("loaded(rows + lane * stride + t)", "loaded(rows + lane * stride + t + 1)"),
        ("widened(rows[lane * stride + t])", "widened(rows[lane * stride + t + 1])"),
        ("stored(rows + lane * stride + t, turned[lane])", "stored(rows + t, turned[lane])"),
        ("rows[lane * stride + t] = narrowed", "rows[lane * stride] = narrowed"),
        ("a.A[(lane.first + i) * a.states + n]", "a.A[(lane.first + i) * a.states]"),
        ("a.groups + lane.group) * a.states", "a.groups) * a.states"),
        ("widened(from[k * stride + t])", "widened(from[k * stride])"),
        ("rate2[k] = block.rate2[n + k]", "rate2[k] = block.rate2[n]"),
        ("h[n + k] = state[k]", "h[n + k] = state[0]"),
        ("y[t] = block.D * u[t]", "y[t] = u[t]"),
        ("raw[i] += bias", "raw[i] -= bias"),
        ("y[t] *= silu_of(raw[t])", "y[t] *= silu_of(raw[0])"),
        ("+ lane_of) * a.states + n] = h[n][lane_of]", "+ lane_of) * a.states + n] = h[n][0]"),
        ("fresh ? sums : sums + loaded(to + t)", "sums"),
        ("block.kept(span, n + k)", "block.kept(span, n)"),
        ("rows[k][t] = tiles.dv[t] * states[k][t + 1]", "rows[k][t] = tiles.dv[t] * states[k][t]"),
        ("g[k], states[k][t], decays", "g[k], states[k][t + 1], decays"),
        ("rows[k][t] = g[k] * tiles.drive[t]", "rows[k][t] = g[k] * tiles.u[t]"),
        ("            g[k] *= decays[k][t];\n", ""),
        ("carry[n][i] = a.dlast", "carry[n][i] = 0 * a.dlast"),
        ("dD += s.dv[t] * s.u[t]", "dD += s.dy[t] * s.u[t]"),
        ("s.step[t] * s.driven[t] + block.D * s.dv[t]", "s.step[t] * s.driven[t]"),
        ("a.states + n] = drate[n][i]", "a.states + n] = drate[n][0]"),
        ("to = blocks * (part + 1) / a.parts", "to = blocks * part / a.parts + 1"),
    ],
    "selective_scan/math.inl": [
        ("where(x > 0.0f, x, F{})", "x"),
        ("softplus ? dstep * sigmoid_of(raw) : dstep", "dstep"),
        ("s * (1.0f + z * (1.0f - s))", "s * (1.0f + z * s)"),
        ("turned = g * decay * before", "turned = g * before"),
        ("driven += g * b", "driven += g"),
        ("dstep2 += turned * rate2", "dstep2 -= turned * rate2"),
        ("drate += turned * step", "drate += turned"),
    ],
}
EACH: list[Mistake] = [("", "", "")]
EACH += [(file, *texts) for file, listed in MISTAKES.items() for texts in listed]
"""The first is all right."""


def compiled(folder: Path, mistake: Mistake) -> Path:
    """Return a library of the scan alone with a mistake in one of its files."""
    mistakes.plant(folder, MISTAKES, mistake)
    mistakes.library([folder / "selective_scan" / "cpu.cpp"], folder / "scan.so")
    return folder / "scan.so"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what became of each library: `same`, `differs`, or `crashed`."""
    folder = tmp_path_factory.mktemp("mistakes")
    makers = [partial(compiled, folder / str(at), each) for at, each in enumerate(EACH)]
    return mistakes.judged("tests.helpers.scan_verdicts", makers)


@pytest.mark.slow
@pytest.mark.tool("g++")
@pytest.mark.parametrize("at", range(len(EACH)), ids=[each[2][:40] or "right" for each in EACH])
def test_a_mistake_is_found(at: int, verdicts: list[str]) -> None:
    assert (verdicts[at] == "same") == (at == 0)
