"""The command line: the engine without a window."""

from engine.cli.entry import run

__all__ = ["run"]
