"""What is said of videos that cannot be read, or not to their end."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from engine.errors import EngineError, VideoError
from engine.i18n import N_
from engine.sources import sniffing


def nothing_readable(path: Path) -> VideoError:
    """Say that a video has no frame that can be read."""
    return VideoError(
        N_("No frame of {path} can be read: its data are damaged or missing."),
        N_("Copy or download it again."),
        path=path,
    )


def cut_off(path: Path, last: int) -> VideoError:
    """Say that nothing after the frame `last`, counted from 0, can be read."""
    return VideoError(
        N_("{path} is damaged after its frame {last}: the rest cannot be read."),
        N_("Copy or download it again. The frames before the damage were read."),
        path=path,
        last=last,
    )


def refusal(path: Path, head: bytes) -> EngineError:
    """Say why FFmpeg does not take a file."""
    try:
        complete = sniffing.video_kind(head) not in ("MP4", "QuickTime") or _has_index(path)
    except OSError as error:
        return sniffing.not_opened(path, error, VideoError)
    if complete:
        return sniffing.refusal(path, head, VideoError)
    return VideoError(
        N_("{path} is incomplete: the index at its end is missing."),
        N_("The recording or the copy was cut off; copy it again or repair it."),
        path=path,
    )


def _has_index(path: Path) -> bool:
    """Tell whether an MP4 has its `moov` box among the boxes of the top level."""
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        at = 0
        while at < end:
            file.seek(at)
            header = file.read(16).ljust(16, b"\0")
            size, name, long_size = struct.unpack(">I4sQ", header)
            if name == b"moov":
                return True
            # A size of 1 stands for the 64 bits that follow, and 0 for the rest of the file.
            step = long_size if size == 1 else size
            if step < 8:
                return False
            at += step
    return False


def too_large(path: Path, limit: int) -> VideoError:
    """Say that a frame of a video has more than `limit` pixels."""
    return VideoError(
        N_("{path} is too large: a frame may have at most {limit} million pixels."),
        N_("Convert it to a smaller size."),
        path=path,
        limit=limit // 1_000_000,
    )
