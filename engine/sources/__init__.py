"""Where frames come from: picture and video files, singly, in folders and by pattern."""

from engine.sources.listing import Failure, SourceList, open_sources
from engine.sources.pictures import read_picture
from engine.sources.video import VideoInfo, probe_video, read_video

__all__ = [
    "Failure",
    "SourceList",
    "VideoInfo",
    "open_sources",
    "probe_video",
    "read_picture",
    "read_video",
]
