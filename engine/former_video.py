"""What a run that was cut short left of a video, for the one that goes on behind it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StoreError
from engine.i18n import N_
from engine.media import PART_PREFIX, PART_SUFFIX

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class FormerVideo:
    """The beginning of a video that is to go on.

    Attributes:
        path: The file.
        frames: So many of its frames are kept.
    """

    path: Path
    frames: int


def part_of(path: Path) -> Path:
    """Return where a video goes on until it takes the place of its beginning; it can be played."""
    return path.with_name(f"{PART_PREFIX}{path.name}{PART_SUFFIX}")


def readable_frames(path: Path) -> int:
    """Return how many frames of a video that `VideoWriter` began can be played, 0 for none.

    Frames before the last key frame are not decoded: they were written whole before it was.
    """
    import av

    count = 0
    group: list[Packet[VideoStream]] = []
    try:
        end = path.stat().st_size
        with av.open(f"file:{path}") as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:
                    continue
                if not _is_whole(packet, end):
                    break
                if packet.is_keyframe:
                    count, group = count + len(group), []
                group.append(packet)
            for packet in group:
                if any(picture.is_corrupt for picture in packet.decode()):
                    break
                count += 1
    except (av.FFmpegError, OSError, IndexError):
        # What cannot be read ends the part that can be played.
        return count
    return count


def packets(former: FormerVideo, unit: int) -> Generator[Packet[VideoStream], None, None]:
    """Yield the packets of the frames that are kept, as an encoder would give them.

    Args:
        former: The beginning.
        unit: Their times are in units of which a second has so many.

    Raises:
        av.FFmpegError: The file cannot be read.
    """
    import av

    with av.open(f"file:{former.path}") as container:
        count = 0
        with closing(_converted(container)) as found:
            for packet in found:
                if count == former.frames:
                    return
                count += 1
                assert packet.pts is not None
                scale = packet.time_base * unit
                packet.pts = packet.dts = round(packet.pts * scale)
                packet.duration = round((packet.duration or 0) * scale)
                packet.time_base = Fraction(1, unit)
                yield packet


def take_place(part: Path, path: Path) -> None:
    """Put a video that went on in the place of its beginning.

    Raises:
        StoreError: It cannot be replaced; both stay.
    """
    try:
        part.replace(path)
    except OSError as error:
        raise StoreError(
            N_("The video {path} cannot be replaced: {reason}."),
            N_("Close the programs that show it. The whole video is in {part}."),
            path=path,
            part=part,
            reason=error.strerror or str(error),
        ) from error


def _converted(container: InputContainer) -> Generator[Packet[VideoStream], None, None]:
    from av.bitstream import BitStreamFilterContext

    stream = container.streams.video[0]
    convert = BitStreamFilterContext("h264_mp4toannexb", stream)
    for packet in container.demux(stream):
        if packet.size:
            base = packet.time_base
            for each in convert.filter(packet):
                each.time_base = base
                yield each


def _is_whole(packet: Packet[VideoStream], end: int) -> bool:
    inside = packet.pos is None or packet.pos + packet.size <= end
    return packet.pts is not None and not packet.is_corrupt and inside
