"""OpenVINO as a library that tells nobody of its use."""

from __future__ import annotations

import sys
from typing import Any


def load() -> Any:  # noqa: ANN401 - a module that need not be installed
    """Import OpenVINO, without the part that reports to a server.

    Raises:
        ImportError: It is not installed.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino
