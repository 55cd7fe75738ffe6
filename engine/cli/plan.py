"""A run as it was asked for: new, or one that goes on."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from engine.cli.arguments import flags_of_a_new_run, run_config
from engine.config import RunConfig
from engine.errors import SettingError, SourceError
from engine.i18n import N_
from engine.resumption import Resumption, prepare
from engine.sources import SourceList, open_sources
from engine.sources.live import LiveSource, is_live, open_live
from engine.store import MEDIA_FOLDER, SESSION_FILE, new_session_folder


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run works through, and how.

    Attributes:
        sources: What to work through.
        config: Settings.
        asked: What the person named.
        folder: Where a new session goes.
        total: Frames to expect, None while unknown.
        seconds: A camera or stream ends after so long, None for never.
        resumption: Of a run that goes on, None for a new one.
    """

    sources: SourceList | LiveSource
    config: RunConfig
    asked: tuple[str, ...]
    folder: Path
    total: int | None = None
    seconds: float | None = None
    resumption: Resumption | None = None

    @classmethod
    def of_sources(cls, specs: Sequence[str], config: RunConfig, folder: Path | None) -> Self:
        """Return a new run over files, or over one camera or stream.

        Raises:
            SourceError: A spec names nothing, or a camera is named beside something else.
        """
        live = [spec for spec in specs if is_live(spec) and not os.path.lexists(spec)]
        if not live:
            listed = open_sources(specs)
            chosen = session_folder(folder, Path(specs[0]).name)
            return cls(listed, config, tuple(specs), chosen, listed.total_frames)
        if len(specs) > 1:
            raise SourceError(
                N_("A camera or stream cannot be combined with other sources."),
                N_("Name it alone."),
            )
        source = open_live(live[0])
        return cls(source, config, (source.origin,), session_folder(folder, source.origin))

    @classmethod
    def of_resumption(cls, resumption: Resumption) -> Self:
        """Return what is left of a run that was cut short."""
        folder = resumption.path.parent
        return cls(resumption.sources, resumption.config, (), folder, resumption=resumption)


def planned(options: argparse.Namespace) -> Plan:
    """Return the run that the flags ask for.

    Raises:
        EngineError: There is nothing to work on, or the flags contradict each other.
    """
    if options.resume is not None:
        _refuse_new(options)
        return Plan.of_resumption(prepare(options.resume))
    plan = Plan.of_sources(options.sources, run_config(options), options.out)
    if options.seconds is not None and not isinstance(plan.sources, LiveSource):
        raise SettingError(
            N_("--seconds cannot be used with files."), N_("It is for cameras and streams.")
        )
    return replace(plan, seconds=options.seconds)


def session_folder(folder: Path | None, name: str) -> Path:
    """Return where a run's session goes: `folder`, unless that holds what a run writes already."""
    if folder is None:
        return new_session_folder(name)
    if (folder / SESSION_FILE).exists() or (folder / MEDIA_FOLDER).exists():
        return new_session_folder(name, folder)
    return folder


def _refuse_new(options: argparse.Namespace) -> None:
    """Refuse what cannot change in a run that goes on."""
    if options.sources:
        raise SettingError(
            N_("A run that goes on has its own sources."), N_("Leave out the others.")
        )
    flags = flags_of_a_new_run(options)
    if flags:
        raise SettingError(
            N_("A run that goes on has its own settings: {flags} cannot be given."),
            N_("Leave them out, or begin a new run."),
            flags=", ".join(flags),
        )
