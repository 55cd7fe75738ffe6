"""What exported weights say of themselves, in ultralytics' words and in ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from engine.conversion.config import ConversionConfig
from engine.conversion.network import Portable
from engine.models.graph import CHANNELS
from engine.types import ModelInfo
from engine.version import __version__


def describe(info: ModelInfo, network: Portable, config: ConversionConfig) -> dict[str, Any]:
    """Return what goes into an exported file: what ultralytics reads, and `labsight`.

    The value of `labsight` is JSON text: recipe, class names and card as the weights have them,
    with name and hash of the file and the precision.
    """
    import ultralytics

    held = (info.card or {}) | {
        "weights": {"name": info.name, "sha256": info.sha256},
        "precision": "f16" if config.half else "f32",
        "version": __version__,
    }
    described: dict[str, Any] = {
        "description": f"{info.name}, exported by LabSight",
        "author": "LabSight",
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "version": ultralytics.__version__,
        "license": "AGPL-3.0 (https://ultralytics.com/license)",
        "docs": "https://docs.ultralytics.com",
        "stride": info.stride,
        "task": info.task,
        "head": type(network.head).__name__,
        "batch": network.batch,
        "imgsz": [network.size, network.size],
        "names": dict(enumerate(info.names)),
        "args": {
            "batch": network.batch,
            "quantize": 16 if config.half else None,
            "dynamic": network.dynamic,
            "nms": False,
        },
        "channels": CHANNELS,
        "end2end": network.end_to_end,
        "labsight": json.dumps(held, ensure_ascii=False),
    }
    if info.keypoint_shape is not None:
        described["kpt_shape"] = list(info.keypoint_shape)
    return described
