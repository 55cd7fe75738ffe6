"""What a bundle needs from the Linux that it is installed on, as names of Debian packages."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bootstrap

PACKAGES = bootstrap.LIBRARIES | {
    "ld-linux-x86-64.so.2": "libc6", "ld-linux-aarch64.so.1": "libc6",
    "libEGL.so.1": "libegl1", "libGLX.so.0": "libglx0", "libICE.so.6": "libice6",
    "libOpenGL.so.0": "libopengl0", "libSM.so.6": "libsm6", "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6", "libXext.so.6": "libxext6", "libXrandr.so.2": "libxrandr2",
    "libasound.so.2": "libasound2", "libbrotlidec.so.1": "libbrotli1",
    "libbz2.so.1.0": "libbz2-1.0", "libc.so.6": "libc6",
    "libcom_err.so.2": "libcom-err2", "libdl.so.2": "libc6", "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1", "libfreetype.so.6": "libfreetype6", "libgbm.so.1": "libgbm1",
    "libgcc_s.so.1": "libgcc-s1", "libgio-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0", "libgobject-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1", "libgssapi_krb5.so.2": "libgssapi-krb5-2", "libm.so.6": "libc6",
    "libmvec.so.1": "libc6",
    "libpthread.so.0": "libc6", "libpulse.so.0": "libpulse0", "libresolv.so.2": "libc6",
    "librt.so.1": "libc6",
    "libstdc++.so.6": "libstdc++6", "libutil.so.1": "libc6", "libva-drm.so.2": "libva-drm2",
    "libva-x11.so.2": "libva-x11-2", "libva.so.2": "libva2",
    "libwayland-client.so.0": "libwayland-client0", "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1", "libxcb-dri3.so.0": "libxcb-dri3-0",
    "libxcb-glx.so.0": "libxcb-glx0", "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0", "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1", "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1", "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g", "libzstd.so.1": "libzstd1",
}  # fmt: skip
"""The packages that hold a shared library, of those that bundles were seen to need."""
ALWAYS = ("libegl1", "libgl1", "libfontconfig1", "libdbus-1-3")
"""What Qt opens by name, so that no file says it."""
OPTIONAL = re.compile(
    # Without them Qt goes without the look of GTK, and without some formats and drivers.
    r"plugins/(?:platformthemes|sqldrivers|egldeviceintegrations|printsupport|tls|"
    r"wayland-[a-z-]+|platforms/libq(?:wayland|eglfs|linuxfb|vnc|vkkhr|minimalegl))"
)
_BATCH = 100
_NEEDED = re.compile(r"^\s+NEEDED\s+(\S+)", re.MULTILINE)
_GLIBC = re.compile(r"\bGLIBC_(\d+)\.(\d+)")


class Unknown(Exception):
    """A shared library that no package is known for; the sentence names it."""


@dataclass(slots=True)
class Needs:
    """What the files of a bundle ask for.

    Attributes:
        libraries: The shared libraries that are not in it, and the first file that needs each.
        glibc: The newest version of the C library that is asked for.
    """

    libraries: dict[str, Path] = field(default_factory=dict)
    glibc: tuple[int, int] = (0, 0)


def packages(bundle: Path) -> list[str]:
    """Return what a package with this bundle depends on, as `Depends` wants it.

    Raises:
        Unknown: No package is known for one of the libraries.
    """
    needs = look(bundle)
    unknown = sorted(set(needs.libraries) - set(PACKAGES))
    if unknown:
        told = ", ".join(f"{name} (of {needs.libraries[name].name})" for name in unknown)
        raise Unknown(
            f"No Debian package is known for {told}. `dpkg -S` finds it; add it to PACKAGES in "
            "installer/depends.py, or leave the file out of the bundle."
        )
    names = {PACKAGES[name] for name in needs.libraries} | set(ALWAYS) | {"libc6"}
    libc = "libc6 (>= {}.{})".format(*needs.glibc)
    return [libc, *sorted(names - {"libc6"})]


def look(bundle: Path) -> Needs:
    """Return what the programs and libraries of a bundle need from elsewhere."""
    files = [path for path in sorted(bundle.rglob("*")) if _is_elf(path)]
    # A link may lead nowhere.
    inside = {path.name for path in bundle.rglob("*.so*") if path.exists()}
    needs = Needs()
    for path, text in _dumped(files):
        for name in _NEEDED.findall(text):
            if name not in inside and not OPTIONAL.search(path.as_posix()):
                needs.libraries.setdefault(name, path)
        versions = ((int(major), int(minor)) for major, minor in _GLIBC.findall(text))
        needs.glibc = max(needs.glibc, *versions, (0, 0))
    return needs


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _dumped(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield what objdump says of each file."""
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        done = subprocess.run(
            ["objdump", "-p", *map(str, batch)], capture_output=True, text=True, check=True
        )
        yield from _split(batch, done.stdout)


def _split(files: Iterable[Path], text: str) -> Iterator[tuple[Path, str]]:
    by_name = {str(path): path for path in files}
    pieces = re.split(r"^(\S.*):\s+file format \S+$", text, flags=re.MULTILINE)
    for name, said in zip(pieces[1::2], pieces[2::2], strict=True):
        yield by_name[name], said
