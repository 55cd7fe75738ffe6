"""Weights to export, and a function that exports them in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.conversion.config import ConversionConfig
from engine.conversion.job import Job
from engine.conversion.worker import export
from engine.training.events import EventLog, follow
from tests.helpers.checkpoints import random_checkpoint

Exported = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights that find very many objects of seven classes, all of them by chance."""
    return random_checkpoint(tmp_path_factory.mktemp("weights"), "yolo11", "detect")


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    """Return a function that exports weights without a process of its own and gives its events."""

    def carry_out(weights: Path, **settings: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        out = settings.pop("out", tmp_path / "out")
        job = Job.create(ConversionConfig(weights=weights, out=out, **settings))
        log = EventLog(job.events, job.name)
        try:
            export(job, log)
            return [event for event in follow(job.events, lambda: False) if event]
        finally:
            log.close()
            job.clear()

    return carry_out
