"""A mistake in the compiled scan is found: of an index, a sign or a term, one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops import variants
from ops.build import compiler
from ops.manifest import OPS

ROOT = Path(__file__).resolve().parents[2]

FOLDER = OPS / "selective_scan"
MISTAKES = {
    "cpu.cpp": [
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
    "math.inl": [
        ("where(x > 0.0f, x, F{})", "x"),
        ("softplus ? dstep * sigmoid_of(raw) : dstep", "dstep"),
        ("s * (1.0f + z * (1.0f - s))", "s * (1.0f + z * s)"),
        ("turned = g * decay * before", "turned = g * before"),
        ("driven += g * b", "driven += g"),
        ("dstep2 += turned * rate2", "dstep2 -= turned * rate2"),
        ("drate += turned * step", "drate += turned"),
    ],
}
EACH = [("cpu.cpp", "", "")]
EACH += [(file, *texts) for file, listed in MISTAKES.items() for texts in listed]
"""A file, what is right in it and what is wrong; the first is all right."""


def compiled(folder: Path, file: str, right: str, mistaken: str) -> Path:
    """Return a library of the scan alone with a mistake in one of its files."""
    beside, variant = folder / "selective_scan", variants.here()[0]
    beside.mkdir(parents=True)
    (folder / "common").symlink_to(OPS / "common")
    for source in ("cpu.cpp", "math.inl"):
        text = (FOLDER / source).read_text("utf-8")
        if source == file and right:
            assert text.count(right) == 1, right
            text = text.replace(right, mistaken)
        (beside / source).write_text(text, "utf-8")
    native, target = compiler.native(), folder / "scan.so"
    flags = ["-O1" if flag == "-O3" else flag for flag in (*variants.OPTIONS, *variant.flags)]
    compiler.run(
        [native.command, *flags, *native.extra, "-shared", beside / "cpu.cpp", "-o", target]
    )
    return target


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what became of each library: `same`, `differs`, or `crashed`."""
    folder = tmp_path_factory.mktemp("mistakes")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda at: compiled(folder / str(at), *EACH[at]), range(len(EACH)))
        files = [str(file) for file in made]
    command = [sys.executable, "-m", "tests.helpers.scan_verdicts", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.tool("g++")
@pytest.mark.parametrize("at", range(len(EACH)), ids=[each[2][:40] or "right" for each in EACH])
def test_a_mistake_is_found(at: int, verdicts: list[str]) -> None:
    assert (verdicts[at] == "same") == (at == 0)
