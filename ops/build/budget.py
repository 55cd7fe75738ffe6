"""The registers and the local memory that each kernel may use on each architecture.

A kernel that takes more runs in fewer threads at once, and none of the tests without a card would
notice.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from ops import images, nvrtc
from ops.build.compiler import BuildError, ToolMissing, run
from ops.nvrtc import NvrtcError

FILE = Path(__file__).with_name("budget.json")
GRANULE = 8
"""Cards hand out registers to threads by as many."""
_USED = re.compile(
    r"entry function '(\w+)' for '(sm_\d+)'.*?"
    r"(\d+) bytes stack frame.*?Used (\d+) registers",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a thread takes.

    Attributes:
        registers: Of 32 bits.
        local: Bytes of local memory, in which there is what spills from registers.
    """

    registers: int
    local: int

    def fits(self, allowed: Usage) -> bool:
        """Tell whether it is no more than another."""
        return self.registers <= allowed.registers and self.local <= allowed.local

    def joined(self, other: Usage) -> Usage:
        """Return what is enough for both."""
        return Usage(max(self.registers, other.registers), max(self.local, other.local))


Usages = dict[str, dict[str, Usage]]
"""By kernel and architecture, such as `sm_90`."""


def measure(place: Path | None = None) -> Usages:
    """Compile all kernels with NVRTC, nvcc or both, and return the most that each takes.

    Args:
        place: Where NVRTC is; by default wherever `nvrtc.load` finds it.

    Raises:
        BuildError: A kernel is refused.
        ToolMissing: There is neither.
    """
    logs = [*_nvrtc_logs(place), *_nvcc_logs()]
    found: Usages = {}
    for log in logs:
        for kernel, architecture, usage in parse(log):
            each = found.setdefault(kernel, {})
            each[architecture] = usage.joined(each.get(architecture, usage))
    return found


def parse(log: str) -> Iterator[tuple[str, str, Usage]]:
    """Yield kernels, architectures and what they take, as ptxas tells with `-v`."""
    for kernel, architecture, local, registers in _USED.findall(log):
        yield kernel, architecture, Usage(int(registers), int(local))


def over(found: Usages, allowed: Usages) -> list[str]:
    """Return a sentence for each kernel that takes more than it may, or that has no budget."""
    wrong = [f"{kernel} has a budget and is no more." for kernel in sorted({*allowed} - {*found})]
    for kernel, usages in sorted(found.items()):
        for architecture, usage in sorted(usages.items()):
            most = allowed.get(kernel, {}).get(architecture)
            if most is None:
                wrong.append(f"{kernel} has no budget for {architecture}.")
            elif not usage.fits(most):
                wrong.append(
                    f"{kernel} for {architecture} takes {usage.registers} registers and"
                    f" {usage.local} bytes of local memory; {most.registers} and {most.local}"
                    " are its budget."
                )
    return wrong


def read(file: Path | None = None) -> Usages:
    """Return the budget, by default the one beside this file; nothing where there is none."""
    file = file or FILE
    stored = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {
        kernel: {architecture: Usage(*each) for architecture, each in usages.items()}
        for kernel, usages in stored.items()
    }


def write(found: Usages, file: Path | None = None) -> None:
    """Make what was measured the budget, a line for each kernel, by default beside this file."""
    lines = []
    for kernel, usages in sorted(found.items()):
        granted = {
            architecture: astuple(Usage(-(-usage.registers // GRANULE) * GRANULE, usage.local))
            for architecture, usage in sorted(usages.items(), key=lambda each: int(each[0][3:]))
        }
        lines.append(f" {json.dumps(kernel)}: {json.dumps(granted)}")
    (file or FILE).write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _nvrtc_logs(place: Path | None) -> list[str]:
    try:
        chosen = nvrtc.load(place)
    except NvrtcError:
        if place is not None or not shutil.which("nvcc"):
            raise ToolMissing("Neither NVRTC nor nvcc was found.") from None
        return []
    try:
        return [
            chosen.cubin(folder, architecture, "--ptxas-options=-v").log
            for folder in images.folders()
            for architecture in images.ARCHITECTURES
        ]
    except NvrtcError as error:
        raise BuildError(str(error)) from None


def _nvcc_logs() -> list[str]:
    nvcc = shutil.which("nvcc")
    if not nvcc:
        return []
    architectures = run([nvcc, "--list-gpu-code"]).split()

    def compiled(folder: str) -> str:
        with tempfile.TemporaryDirectory(prefix="labsight-ops-") as scratch:
            targets = [
                part
                for name in architectures
                for part in ("-gencode", f"arch={name.replace('sm', 'compute')},code={name}")
            ]
            source = images.sources(folder)["kernel.cu"]
            options = (*images.OPTIONS, "-Xptxas", "-v", "-fatbin")
            return run([nvcc, *options, *targets, source, "-o", Path(scratch) / "image"])

    with ThreadPoolExecutor() as pool:
        return list(pool.map(compiled, images.folders()))
