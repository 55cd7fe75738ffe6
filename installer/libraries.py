"""Licences of the libraries that wheels bring along beside their own code, as their authors state.

The names are those of the files without `lib`, version and hash. What is missing here is said to
stand in the texts of its package.
"""

from __future__ import annotations

LICENCES = {
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "X11-xcb": "MIT",
    "Xau": "MIT",
    "aom": "BSD-2-Clause, with the Alliance for Open Media Patent License 1.0",
    "asound": "LGPL-2.1-or-later",
    "avcodec": "as FFmpeg",
    "avdevice": "as FFmpeg",
    "avfilter": "as FFmpeg",
    "avformat": "as FFmpeg",
    "avif": "BSD-2-Clause",
    "avutil": "as FFmpeg",
    "brotlicommon": "MIT",
    "brotlidec": "MIT",
    "crypto": "OpenSSL",
    "cudart": "NVIDIA CUDA Toolkit EULA, redistributable",
    "dav1d": "BSD-2-Clause",
    "de265": "LGPL-3.0-or-later",
    "drm": "MIT",
    "freetype": "FTL OR GPL-2.0-or-later",
    "gfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gmp": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "gnutls": "LGPL-2.1-or-later",
    "harfbuzz": "MIT-Modern-Variant",
    "heif": "LGPL-3.0-or-later",
    "hogweed": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "jpeg": "IJG AND BSD-3-Clause AND Zlib",
    "lcms2": "MIT",
    "lzma": "0BSD",
    "mp3lame": "LGPL-2.0-or-later",
    "nettle": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "nvjpeg": "NVIDIA CUDA Toolkit EULA, redistributable",
    "opencore-amrnb": "Apache-2.0",
    "opencore-amrwb": "Apache-2.0",
    "openblasp-r0": "BSD-3-Clause",
    "openjp2": "BSD-2-Clause",
    "opus": "BSD-3-Clause",
    "pcre2": "BSD-3-Clause",
    "png16": "libpng-2.0",
    "quadmath": "LGPL-2.1-or-later",
    "scipy_openblas64_": "BSD-3-Clause",
    "sharpyuv": "BSD-3-Clause",
    "ssl": "OpenSSL",
    "swresample": "as FFmpeg",
    "swscale": "as FFmpeg",
    "tiff": "libtiff",
    "unistring": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "vpl": "MIT",
    "vpx": "BSD-3-Clause",
    "webp": "BSD-3-Clause",
    "webpdemux": "BSD-3-Clause",
    "webpmux": "BSD-3-Clause",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "xcb": "MIT",
    "xkbcommon": "MIT",
    "xkbcommon-x11": "MIT",
    "z": "Zlib",
    "zstd": "BSD-3-Clause",
} | {
    f"Qt5{part}": "LGPL-3.0-only" for part in ("Core", "Gui", "Test", "Widgets", "XcbQpa")
} | {
    f"xcb-{part}": "MIT"
    for part in (
        "icccm", "image", "keysyms", "randr", "render", "render-util", "shape", "shm", "sync",
        "util", "xfixes", "xinerama", "xkb",
    )
}  # fmt: skip
