"""Folders like those that PyInstaller makes, without a program that does anything."""

from pathlib import Path

from installer import windows


def windows_bundle(folder: Path) -> Path:
    """Make a bundle for Windows, with names that scripts stumble over."""
    (folder / "_internal" / "资源").mkdir(parents=True)
    (folder / "_internal" / "资源" / "a.txt").write_text("kept", "utf-8")
    (folder / "a$b.txt").write_text("a dollar", "utf-8")
    (folder / windows.PROGRAM).write_bytes(b"MZ")
    return folder
