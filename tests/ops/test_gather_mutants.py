"""A mistake in what reads between pixels is found: of an index, a bound or a term, one each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from ops.build import compiler, shim
from tests.helpers import mistakes
from tests.helpers.mistakes import Mistake

MISTAKES = {
    "bilinear_gather/math.inl": [
        ("rest < 0.0f ? rest + 1.0f : rest", "rest"),
        ("rest < 0.0f ? whole - 1 : whole", "whole"),
        ("(real_of(whole) + shift)", "real_of(whole)"),
        ("relative ? real_of(level.width) : one, shift", "real_of(level.height), shift"),
        ("c.shares[1] = up * c.right", "c.shares[1] = up * back"),
        ("top + k / 2, x = left + k % 2", "top + k % 2, x = left + k / 2"),
        ("(y < level.height)", "(y <= level.height)"),
        ("(x >= 0)", "(x > 0)"),
        ("level.begin + (inside", "(inside"),
        (") * level.width + x", ") * level.height + x"),
        ("c.right * (d[3] - d[1])", "c.right * (d[1] - d[3])"),
        ("c.down * (d[3] - d[2])", "c.right * (d[3] - d[2])"),
        ("weight * right * (", "right * ("),
        ("weight * down * (relative ? real_of(level.height)", "weight * down * (relative ? one"),
        ("s[3] * d[3]", "s[2] * d[3]"),
    ],
    "bilinear_gather/taps.h": [
        ("(a.first_picture + map.picture) * by", "map.picture * by"),
        ("(a.first_place + place) * by", "place * by"),
        ("a.summed ? tap / a.points : 0", "0"),
        ("row = int32(place / a.across)", "row = int32(place % a.across)"),
        ("if (++column == a.across)", "if (column++ == a.across)"),
        ("tap / a.kernel * a.dilation[0]", "tap * a.dilation[0]"),
        ("tap % a.kernel * a.dilation[1]", "tap % a.kernel * a.dilation[0]"),
        ("levels.at(a.summed ? tap : 0)", "levels.at(0)"),
        ("line.weight * line.corners.shares[k]", "line.corners.shares[k]"),
        ("at < 0 ? (const T*)a.outside", "at <= 0 ? (const T*)a.outside"),
        ("first + at * pixel;", "first + at * a.channels;"),
        ("a.pixels * pixel +\n                     map.head", "a.pixels * pixel + 0 * map.head"),
        ("line.place += step", "line.place += LANES"),
        ("a.summed ? a.taps - line.tap", "a.summed ? a.taps"),
        ("    if (channel < last) use(channel, int(last - channel));\n", ""),
        ("sum += line.shares[k][lane]", "sum += line.shares[0][lane]"),
        ("from + (place + lane) * channels", "from + lane * channels"),
        ("(channel + i) * pitch + place", "channel * pitch + place"),
    ],
    "bilinear_gather/cpu.cpp": [
        ("line.tap * a.output_tap", "line.tap"),
        ("picture * a.output_picture", "0 * picture"),
        ("head * a.channels * a.output_channel", "head * a.output_channel"),
        ("tile[lane] = given(line, lane, channel, count)", "tile[0] = given(line, lane, 0, count)"),
        ("lines[i].tap = i * LANES", "lines[i].tap = 0"),
        ("lane < lines[i].count", "lane + 1 < lines[i].count"),
        ("picture * a.places + place) * a.heads + head", "picture * a.places + place) * a.heads"),
        ("map.picture * a.places + line.place", "line.place"),
        ("(row + lane) * a.taps", "row * a.taps"),
        ("products[k][lane] +=", "products[0][lane] +="),
        ("a.dcolumns + at, step, slopes.column", "a.dcolumns + at, step, slopes.row"),
        ("step_of(a, a.weighs), slopes.weight", "step_of(a, a.at), slopes.weight"),
        ("if (at < 0) continue;", "if (at <= 0) continue;"),
        ("read(to + channel, count) + share * g", "share * g"),
        ("(a.first_picture + map.picture) * a.pixels * pixel +\n                   map", "map"),
        ("begin + first * channels", "begin"),
        ("(T*)a.output + begin + first", "(T*)a.output + first"),
        ("unit % blocks * GATHER_PLACES", "unit * GATHER_PLACES"),
        ("{map / a.heads, map % a.heads}", "{map % a.heads, map / a.heads}"),
        ("channels * (part + 1) / a.parts", "channels * part / a.parts + 1"),
        ("a.output_channel + line.place;", "a.output_channel;"),
    ],
    "deform_conv2d/cpu.cpp": [
        ("begin < start ? 0 : begin - start", "0"),
        ("smaller(a.channels, end - start)", "a.channels"),
        ("(end - begin) + start - begin", "(end - begin) + start"),
        ("line.place = first + i", "line.place = first"),
        ("origins[i / LANES]);", "origins[0]);"),
        ("Origin(a, first + i)", "Origin(a, i)"),
        ("[block + output])", "[output])"),
        ("sums[place * outputs + output] = bias", "sums[place * outputs] = bias"),
        ("(tap * channels + begin) * a.outputs", "tap * channels * a.outputs"),
        (" * a.outputs + block, a.outputs}", " * a.outputs, a.outputs}"),
        ("{sums, outputs}, true", "{sums, outputs}, tap > 0"),
        ("(picture * a.outputs + block) * a.places", "block * a.places"),
        (" * a.places + first;", " * a.places;"),
        ("unit % blocks * PLACES", "unit * PLACES"),
    ],
    "matrix_product/tile.h": [
        ("added && row < R", "row < R"),
        ("right.first + k * right.row", "right.first"),
        ("row * left.row + k", "row * left.row"),
        (
            "column + V * LANES <= columns || (V == 1 && column < columns)",
            "column < columns - LANES",
        ),
        ("smaller(LANES, columns - column)", "LANES"),
        ("first + down * row + right", "first + down * row"),
        ("first + down * row + right", "first + right"),
        ("right.from(0, column)", "right"),
        ("add_tile<1, V>(left.from(row, 0)", "add_tile<1, V>(left"),
        ("for (; row < rows; row++)", "for (; row + 1 < rows; row++)"),
        ("sums, added, column);", "sums, added);"),
    ],
    "matrix_product/cpu.cpp": [
        ("a.left + batch * a.left_batch", "a.left"),
        ("+ row * a.left_row;", ";"),
        ("a.right + batch * a.right_batch", "a.right"),
        ("batch * a.right_batch + column", "batch * a.right_batch"),
        ("a.product + batch * a.product_batch", "a.product"),
        ("+ row * a.product_row + column", "+ column"),
        ("{left + k,", "{left,"),
        ("smaller(DEPTH, a.depth - k)", "DEPTH"),
        ("right + k * a.right_row", "right"),
        ("a.added || k", "a.added"),
        ("a.added || k", "k"),
        ("unit / across % down", "unit % down"),
        ("unit % across * WIDTH", "0"),
    ],
    "bilinear_gather/kernel.cu": [
        ("+ threadIdx.x / uint32(a.lanes)", "+ threadIdx.x / uint32(a.lanes) + 1"),
        ("int32(place % places)", "int32(number % places)"),
        ("{int32(place / places)", "{int32(0 * place)"),
        ("t.head * by.head", "t.tap * by.head"),
        ("(a.first_picture + t.picture) * by", "t.picture * by"),
        ("(a.first_place + t.place) * by", "t.place * by"),
        ("place = a.first_place + t.place", "place = t.place"),
        ("level = t.tap / a.points", "level = 0"),
        ("place / a.across * a.stride[0]", "place % a.across * a.stride[0]"),
        ("tap / a.kernel * a.dilation[0]", "tap * a.dilation[0]"),
        ("- a.padding[1]", "- a.padding[0]"),
        ("a.weights[offset_of(a, a.weighs, t)]", "a.weights[offset_of(a, a.at, t)]"),
        ("int64(a.first_picture + picture)", "int64(picture)"),
        ("row = row * a.taps + t.tap", "row = row * a.taps"),
        ("sums[i] += share * values[i]", "sums[i] += values[i]"),
        ("if (pixel >= 0)", "if (pixel > 0)"),
        ("(a.places + TILE - 1) / TILE", "a.places / TILE + 1"),
        ("tile.shares[k][thread] = read.weight * read", "tile.shares[k][thread] = read"),
        ("i % packs * N", "i % packs"),
        ("tile.values[channel + j][place]", "tile.values[channel][place]"),
        ("a.channels + band + i / TILE", "a.channels + i / TILE"),
        ("if (first + place < a.places)", "if (true)"),
        ("    __syncthreads();\n    const T* map", "    const T* map"),
        (
            "        __syncthreads();\n        for (int i = thread; i < count",
            "        for (int i = thread; i < count",
        ),
        ("        __syncthreads();\n    }\n}", "    }\n}"),
        ("tap_of(a, unit * a.taps)", "tap_of(a, unit)"),
        ("t.tap < a.taps; t.tap++", "t.tap + 1 < a.taps; t.tap++"),
        ("away = a.lanes / 2", "away = a.lanes / 4"),
        ("dots[k] += g[i] * values[i]", "dots[0] += g[i] * values[i]"),
        ("a.dcolumns[at] = slopes.column", "a.dcolumns[at] = slopes.row"),
        ("= slopes.weight", "= slopes.row"),
        ("(pixel < 0 ? maps : map) * a.pixels", "map * a.pixels"),
        ("shares.values[k] = read.weight * read", "shares.values[k] = read"),
        ("map / a.heads, map % a.heads", "map % a.heads, map / a.heads"),
        ("i < a.starts[unit + 1]", "i + 1 < a.starts[unit + 1]"),
        ("uint32(corner) / 4", "uint32(corner) / 4 + 1"),
        ("sums[j] = to[channel + j];", "sums[j] = 0;"),
    ],
}
KERNEL = "bilinear_gather/kernel.cu"
EACH: list[Mistake] = [("", "", ""), (KERNEL, "", "")]
EACH += [(file, *texts) for file, listed in MISTAKES.items() for texts in listed]
"""The first two are all right."""


def compiled(folder: Path, mistake: Mistake) -> str:
    """Return what `gather_verdicts` is given of a library, or of kernels, with a mistake."""
    mistakes.plant(folder, MISTAKES, mistake)
    file, target = mistake[0], folder / "mistaken.so"
    if file == KERNEL:
        text = (folder / file).read_text("utf-8")
        shim.library(compiler.native(), target, {folder / file: text})
        return f"kernels={target}"
    units = [folder / source for source in MISTAKES if source.endswith(".cpp")]
    mistakes.library(units, target)
    return f"library={target}"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what became of each: `same`, `differs`, or `crashed`."""
    folder = tmp_path_factory.mktemp("mistakes")
    makers = [partial(compiled, folder / str(at), each) for at, each in enumerate(EACH)]
    return mistakes.judged("tests.helpers.gather_verdicts", makers)


@pytest.mark.slow
@pytest.mark.tool("g++")
@pytest.mark.parametrize("at", range(len(EACH)), ids=[each[2][:40] or "right" for each in EACH])
def test_a_mistake_is_found(at: int, verdicts: list[str]) -> None:
    assert (verdicts[at] == "same") == (not EACH[at][1])
