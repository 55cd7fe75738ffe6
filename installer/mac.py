"""What macOS is told of the program."""

from __future__ import annotations

from typing import Any

from engine.version import NAME, __version__

IDENTIFIER = "org.labsight.LabSight"
_SESSION = "org.labsight.session"
"""macOS's own name for files that end in .labsight."""


def _document(name: str, kinds: list[str], rank: str) -> dict[str, Any]:
    return {
        "CFBundleTypeName": name,
        "CFBundleTypeRole": "Viewer",
        "LSItemContentTypes": kinds,
        "LSHandlerRank": rank,
    }


INFO: dict[str, Any] = {
    "CFBundleDisplayName": NAME,
    "CFBundleShortVersionString": __version__,
    "LSMinimumSystemVersion": "13.0",
    "NSHighResolutionCapable": True,
    "NSCameraUsageDescription": f"{NAME} looks for objects in what the camera shows.",
    "CFBundleDocumentTypes": [
        _document(f"{NAME} session", [_SESSION], "Owner"),
        _document("Picture", ["public.image"], "Alternate"),
        _document("Video", ["public.movie"], "Alternate"),
    ],
    "UTExportedTypeDeclarations": [
        {
            "UTTypeIdentifier": _SESSION,
            "UTTypeDescription": f"{NAME} session",
            "UTTypeConformsTo": ["public.data"],
            "UTTypeTagSpecification": {"public.filename-extension": ["labsight"]},
        }
    ],
}
