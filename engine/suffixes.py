"""What picture and video files are called."""

from __future__ import annotations

PICTURE_SUFFIXES = frozenset({
    ".apng", ".avif", ".bmp", ".dib", ".fit", ".fits", ".gif", ".heic", ".heics", ".heif",
    ".hif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo",
    ".pbm", ".pcx", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".qoi", ".sgi", ".tga",
    ".tif", ".tiff", ".webp",
})  # fmt: skip
VIDEO_SUFFIXES = frozenset({
    ".3gp", ".asf", ".avi", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg",
    ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob",
    ".webm", ".wmv",
})  # fmt: skip
PAGED_SUFFIXES = frozenset({".tif", ".tiff"})
