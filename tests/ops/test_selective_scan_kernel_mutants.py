"""A mistake in the kernels of the selective scan is found: a barrier, an index, a term."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from ops.build import compiler
from ops.build import shim as build
from ops.manifest import OPS
from tests.helpers import mistakes

pytestmark = [pytest.mark.slow, pytest.mark.tool("g++")]
KERNEL = OPS / "selective_scan" / "kernel.cu"
TEXT = re.sub(r"SCAN_KERNELS\((Half|Brain), \w+\)\n", "", KERNEL.read_text("utf-8"))
"""The kernels for 32 bits, which are compiled sooner alone."""
BARRIER = re.compile(r"__sync(threads|warp)\(\);")
MISTAKES = [
    ("step / 4 % 2", "step / 8 % 2"),
    ("packs[pack_of(lane, half)] = pack", "packs[pack_of(lane, 0)] = pack"),
    ("segment) * each, chunks", "segment) * each + 1, chunks"),
    ("octet * WARPS + warp < share", "octet * WARPS + warp <= share"),
    ("group * share + (live ? octet * WARPS + warp : 0)", "group * share + octet + warp"),
    ("int64(batch) * a.channels + channel", "int64(batch) * a.channels + warp"),
    ("int64(unit) * a.states", "int64(batch) * a.states"),
    ("a.length - int64(chunk) * CHUNK - lane * EACH", "a.length - int64(chunk) * CHUNK"),
    ("row * a.length + int64(chunk) * CHUNK + lane * EACH", "row * a.length + lane * EACH"),
    ("columns + int64(n) * a.length", "columns + int64(n + 1) * a.length"),
    ("CHUNK + threadIdx.x < a.length", "CHUNK + threadIdx.x <= a.length"),
    ("(span * a.states + n)", "(span * a.states)"),
    ("int64(segment) * a.batch * a.channels + row", "row"),
    ("i < there ? widened(from[i])", "i < there - 1 ? widened(from[i])"),
    ("raw[i] += bias", "raw[i] -= bias"),
    ("there ? scan_step(raw[i], a.softplus) : 0.0f", "there ? raw[i] : 0.0f"),
    ("dy[i] * silu_of(z[i]) : dy[i]", "dy[i] * silu_of(z[0]) : dy[i]"),
    ("n + 1 < place.a.states", "n + 2 < place.a.states"),
    ("rows[k].at(threadIdx.x) = next[k]", "rows[k].at(threadIdx.x) = next[0]"),
    ("by = LANES / 2; by;", "by = LANES / 4; by;"),
    ("__shfl_down_sync(ALL, value, by)", "__shfl_down_sync(ALL, value, by + 1)"),
    ("__shfl_up_sync(ALL, value, by)", "__shfl_up_sync(ALL, value, by + 1)"),
    ("__shfl_up_sync(ALL, value, by)", "__shfl_up_sync(ALL >> 1, value, by)"),
    ("BACK ? EACH - 1 - i : i", "i"),
    ("decay[t] * (state + more)", "decay[t] * state + more"),
    ("BACK ? LANES - 1 - lane : lane", "lane"),
    ("by = 1; by < LANES; by *= 2", "by = 1; by < LANES / 2; by *= 2"),
    ("rank >= by", "rank > by"),
    ("whole *= decays", "whole *= whole"),
    ("rank == LANES - 1", "rank == LANES - 2"),
    ("moved<BACK>(state, 1)", "moved<BACK>(state, 2)"),
    ("return rank == 0 ? begun : before", "return before"),
    ("scan_decay(ends[a.states], rate2)", "scan_decay(ends[a.states - 1], rate2)"),
    ("* state + ends[n]", "* state + ends[0]"),
    ("BACK ? a.segments - 1 : 0", "BACK ? a.segments - 2 : 0"),
    ("segment = blockIdx.y + BACK", "segment = blockIdx.y"),
    ("own.carry[n] = 0;", ""),
    ("sum += steps;", "sum = steps;"),
    ("y[t] = D * drive[t]", "y[t] = drive[t]"),
    ("*place.start(chunk, n) = own.carry[n]", "*place.start(chunk, n) = own.carry[0]"),
    ("y[t] += h * c[t]", "y[t] += h * b[t]"),
    ("silu_of(raw[t])", "silu_of(raw[0])"),
    ("segment == a.segments - 1", "segment == 0"),
    ("warp < WARPS; warp++", "warp < WARPS - 1; warp++"),
    ("fresh ? sum : *to + sum", "sum"),
    ("entering_segment<true>(place, segment, n)", "entering_segment<false>(place, segment, n)"),
    ("block.dD[threadIdx.x] = block.dbias[threadIdx.x] = 0;", ""),
    ("own.start[n] = *place.start(chunk, n)", "own.start[n] = *place.start(first, n)"),
    ("before[t] = h;\n", ""),
    ("v[t] += h * c[t]", "v[t] += h * b[t]"),
    ("sum[t] = dv[t] * h", "sum[t] = dy[t] * h"),
    ("g += dv[t] * c[t]", "g += dv[t] * b[t]"),
    ("sum[t] = g * drive[t]", "sum[t] = g * u[t]"),
    ("g *= decay[t]", "g *= decay[0]"),
    ("own.drate[n] += drate", "own.drate[n] = drate"),
    ("apart + place.column(chunk, n)", "place.column(chunk, n)"),
    ("dD += dv[t] * u[t]", "dD += dy[t] * u[t]"),
    ("dstep2[t] * LN2 + u[t] * driven[t]", "dstep2[t] + u[t] * driven[t]"),
    ("step[t] * driven[t] + skip * dv[t]", "step[t] * driven[t]"),
    ("t < place.count(chunk) ? dstep2[t] : 0.0f", "dstep2[t]"),
    ("v[t] *= dy[t] * silu_slope(z[t])", "v[t] *= dv[t] * silu_slope(z[t])"),
    ("a.dA[at * a.states + n]", "a.dA[place.row * a.states + n]"),
    ("(part + 1) / a.parts", "part / a.parts + 1"),
    ("octet == from", "true"),
]


def texts() -> Mapping[str, str]:
    """Return the kernels by what is wrong with them; the first are all right."""
    made = {"right": TEXT}
    for found in BARRIER.finditer(TEXT):
        line = TEXT.count("\n", 0, found.start()) + 1
        made[f"no barrier in line {line}"] = TEXT[: found.start()] + TEXT[found.end() :]
    for right, mistaken in MISTAKES:
        # As often as it stands there: one line can be in the scan and in what comes before it.
        for found in re.finditer(re.escape(right), TEXT):
            name = f"{mistaken or 'no'} for {right}"
            name = f"{name} in line {TEXT.count(chr(10), 0, found.start()) + 1}"
            made[name] = TEXT[: found.start()] + mistaken + TEXT[found.end() :]
    return made


EACH = texts()


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what became of each library: `same`, `differs`, or `crashed`."""
    folder, native = tmp_path_factory.mktemp("mistakes"), compiler.native()
    driver = folder / "driver.o"
    build.driver(native, driver)

    def compiled(number: int, text: str) -> Path:
        file = folder / f"{number}.so"
        build.library(native, file, {KERNEL: text}, beside=driver)
        return file

    makers = [partial(compiled, number, text) for number, text in enumerate(EACH.values())]
    return dict(zip(EACH, mistakes.judged("tests.helpers.scan_kernel", makers), strict=True))


def test_each_mistake_is_one() -> None:
    assert all(right in TEXT for right, _ in MISTAKES)
    assert len(set(EACH.values())) == len(EACH)


@pytest.mark.parametrize("name", EACH)
def test_a_mistake_is_found(name: str, verdicts: dict[str, str]) -> None:
    assert (verdicts[name] == "same") == (name == "right")
