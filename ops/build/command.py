"""From arguments to libraries and kernels in `ops/lib`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ops import manifest, variants
from ops.build import budget, compiler, processor, release
from ops.build.compiler import BuildError, ToolMissing
from ops.variants import Variant

DONE, FAILED, UNABLE = 0, 1, 3


def main(arguments: Sequence[str]) -> int:
    """Build what is asked for.

    Returns:
        0, 1 where something failed, or 3 where this machine lacks a program for it.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.release or options.only:
            return _release(options)
        if options.budget or options.write_budget:
            return _budget(options)
        return _build(options)
    except ToolMissing as error:
        print(error, file=sys.stderr)
        return UNABLE
    except BuildError as error:
        print(error, file=sys.stderr)
        return FAILED


def _build(options: argparse.Namespace) -> int:
    """Make the library of this machine."""
    likely = processor.fastest()
    if options.if_needed and likely is not None and _is_good(options.into, likely):
        return DONE
    try:
        native = compiler.native()
    except ToolMissing as error:
        # An empty manifest tells bootstrap.py not to ask again until the sources change.
        manifest.add(options.into, (), "")
        raise ToolMissing(f"{error} Operators run as plain torch, slower.") from None
    variant = variants.here()[0]
    if options.if_needed and _is_good(options.into, variant):
        return DONE
    print(release.make(release.library(native, variant), options.into))
    return DONE


def _is_good(folder: Path, variant: Variant) -> bool:
    file = folder / variant.library()
    return manifest.fault(file, manifest.read(folder), variant.fingerprint()) is None


def _release(options: argparse.Namespace) -> int:
    """Make all that installers carry, as far as this machine can, and say what it cannot."""
    parts, verdict = [], DONE
    for kind in options.only or release.KINDS:
        try:
            parts += release.parts(kind, options.nvrtc)
        except ToolMissing as error:
            print(f"{kind}: {error}", file=sys.stderr)
            verdict = UNABLE
    for number, part in enumerate(parts, 1):
        try:
            print(f"[{number}/{len(parts)}] {release.make(part, options.into)}", flush=True)
        except BuildError as error:
            print(f"[{number}/{len(parts)}] {part.name}: {error}", file=sys.stderr)
            verdict = FAILED
    return verdict


def _budget(options: argparse.Namespace) -> int:
    """Hold the kernels to their budget, or make what they use now their budget."""
    found = budget.measure(options.nvrtc)
    if options.write_budget:
        budget.write(found)
        return DONE
    over = budget.over(found, budget.read())
    print("\n".join(over) or "All kernels are within their budget.")
    return FAILED if over else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops.build",
        description="Compile LabSight's operators: by default the library for this machine.",
    )
    add = parser.add_argument
    add("--if-needed", action="store_true", help="do nothing where that library is there")
    add("--release", action="store_true", help="make all that installers carry")
    add("--only", action="append", choices=release.KINDS, help="a part of a release")
    add("--budget", action="store_true", help="hold kernels to the registers they may use")
    add("--write-budget", action="store_true", help="let them have what they use now")
    add("--nvrtc", type=Path, metavar="DIR", help="where NVRTC is, by default Python's packages")
    add("--into", type=Path, metavar="DIR", default=manifest.BUILT, help="by default ops/lib")
    return parser
