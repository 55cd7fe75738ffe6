"""Verbs for what is to be trained: data set, recipe, start weights and settings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QMimeData, QObject

from desktop.background import Job, Lane, start
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.training_state import Choice, DataFacts, RecipeFacts, TrainingState
from desktop.verbs.training_choices import adapted, read_recipe, recipe_choices, weights_choices
from engine.config import AUTO, STRIDE_MAX, check_input_size
from engine.errors import EngineError, SettingError
from engine.i18n import translate as _
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.training.config import TrainConfig
from engine.types import Progress

FIRST = TrainConfig(model="yolo11n-seg", weights=resource(DEFAULT_WEIGHTS))
"""The settings of the first start: the bundled weights learn something new in a few epochs."""

DATA_SUFFIXES = frozenset({".zip", ".yaml", ".yml", ".json", ".xml"})
_WEIGHTS_SUFFIX = ".pt"
_RECIPE_SUFFIXES = frozenset({".yaml", ".yml"})
# What the figures of a measured training do not depend on, or only in proportion.
_UNMEASURED = frozenset({"name", "epochs", "seed", "patience", "close_mosaic"})
_KEPT_DATA = frozenset({"input_size"})


class SetupVerbs(QObject):
    """Changes the settings of the next training, and remembers them.

    Args:
        state: Gets the settings and what is known of their data and recipe.
        settings: Remembers them.
        messages: Told what cannot be used.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        state: TrainingState,
        settings: Settings,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._loading: Job | None = None
        self._reader = Lane("recipe", read_recipe, parent=self)
        self._reader.answered.connect(self._on_recipe)

    def start(self) -> None:
        """Bring back the settings of the last time."""
        config = self._remembered()
        self._state.change(config=config)
        self._reader.ask(config.model)
        if config.data != Path():
            source = next(iter(self.recent_data()), None)
            self._load(lambda job: config.data, source=source, quiet=True)

    def close(self) -> None:
        """End what is under way."""
        self.cancel_data()
        self._reader.close()

    def change(self, **values: Any) -> None:  # noqa: ANN401 - fields of TrainConfig
        """Change settings; where they are invalid say so and keep the former ones."""
        if values.get("optimizer") == AUTO:
            values["learning_rate"] = None
        try:
            check_input_size(values.get("input_size"), STRIDE_MAX)
            config = dataclasses.replace(self._state.config, **values)
        except SettingError as error:
            self._messages.error(error)
            # Whoever shows what was typed shows what holds again.
            self._state.config_changed.emit(self._state.config)
            return
        self._use(config)

    def use_settings(self, config: TrainConfig) -> None:
        """Take over all the settings of a former training."""
        self._use(dataclasses.replace(config, name=""))
        self._load(lambda job: config.data)

    def set_recipe(self, text: str) -> None:
        """Take another recipe, whether it can be read or not; what it means is found out."""
        self.change(model=text.strip())

    def set_weights(self, path: Path | None) -> None:
        """Begin from other weights, None for none."""
        self.change(weights=path)

    def choose_data(self, path: Path) -> None:
        """Open a data set: in place where it can be trained on as it is, else as a copy of ours."""

        def prepare(job: Job) -> Path:
            from engine.datasets import prepare

            return prepare(path, progress=job.report, cancelled=job.should_stop)

        self._load(prepare, source=path)

    def demonstration(self) -> None:
        """Render a small data set and open it."""

        def render(job: Job) -> Path:
            from engine.datasets import demonstration

            return demonstration(progress=job.report, cancelled=job.should_stop)

        self._load(render)

    def cancel_data(self) -> None:
        """Leave the data set as it was."""
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
            self._state.change(loading=None)

    def open_mime(self, data: QMimeData) -> bool:
        """Use what was dropped and tell whether it was anything for a training."""
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        wanted = next((path for path in paths if _concerns_training(path)), None)
        if wanted is None:
            return False
        if self._state.engaged:
            self._messages.info(_("A training is under way."), _("Wait for its end or stop it."))
        elif wanted.suffix.lower() == _WEIGHTS_SUFFIX:
            self.set_weights(wanted)
        elif wanted.suffix.lower() in _RECIPE_SUFFIXES:
            self._open_yaml(wanted)
        else:
            self.choose_data(wanted)
        return True

    def refresh_choices(self) -> None:
        """Look again for recipes and weights to pick from."""
        tasks = self._state.data.tasks if self._state.data is not None else ()
        chosen = self._state.config.weights
        start(
            self,
            lambda job: {"recipes": recipe_choices(tasks), "weights": weights_choices(chosen)},
            done=self._on_choices,
        )

    def recent_data(self) -> list[Path]:
        """Return the data sets opened last, the newest first."""
        return [Path(each) for each in self._settings.preferences.recent_data]

    def _use(self, config: TrainConfig) -> None:
        former = self._state.config
        changed = {
            name for name in TrainConfig.__slots__ if getattr(config, name) != getattr(former, name)
        }
        stale: dict[str, Any] = {}
        if changed - _UNMEASURED:
            stale["preflight"] = None
        if changed & _KEPT_DATA:
            stale["data_check"] = None
        self._state.change(config=config, **stale)
        self._settings.change(training=json.dumps(config.to_json(), ensure_ascii=False))
        if "model" in changed:
            self._reader.ask(config.model)

    def _load(
        self,
        find: Callable[[Job], Path],
        *,
        source: Path | None = None,
        quiet: bool = False,
    ) -> None:
        """Find a data set in another thread and use it.

        Args:
            find: Returns where it is read from.
            source: What the person named, to be offered again; where it is read from if left out.
            quiet: Nobody asked for it: where it is gone, nothing is said.
        """
        self.cancel_data()
        self._state.change(loading=Progress(0, None))

        def look(job: Job) -> DataFacts:
            path = find(job)
            return _facts(path, data_name(source or path), job)

        def done(facts: DataFacts) -> None:
            if self._loading is job:
                self._on_data(facts, source or facts.path)

        def failed(error: EngineError) -> None:
            if self._loading is job and not quiet:
                self._messages.error(error)

        def ended() -> None:
            if self._loading is job:
                self._loading = None
                self._state.change(loading=None)

        def progressed(progress: Progress) -> None:
            if self._loading is job:
                self._state.change(loading=progress)

        job = start(self, look, done=done, failed=failed, progressed=progressed, ended=ended)
        self._loading = job

    def _on_data(self, facts: DataFacts, source: Path) -> None:
        self._settings.remember("recent_data", str(source))
        self._state.change(data=facts, data_check=None)
        values: dict[str, object] = {"data": facts.path}
        fitting = adapted(self._state.config.model, facts.tasks)
        if fitting is not None:
            values["model"] = fitting
            self._messages.info(
                _("The recipe was changed to one that these labels can train."), fitting
            )
        self.change(**values)
        self.refresh_choices()

    def _on_choices(self, found: dict[str, tuple[Choice, ...]]) -> None:
        self._state.change(**found)

    def _on_recipe(self, facts: RecipeFacts) -> None:
        if facts.text == self._state.config.model:
            self._state.change(recipe=facts)

    def _open_yaml(self, path: Path) -> None:
        def look(job: Job) -> bool:
            from engine.datasets.finding import read_description

            content = read_description(path)
            return "recipe" in content or "backbone" in content

        def use(is_recipe: bool) -> None:
            if is_recipe:
                self.set_recipe(str(path))
            else:
                self.choose_data(path)

        start(self, look, done=use, failed=self._messages.error)

    def _remembered(self) -> TrainConfig:
        try:
            content = json.loads(self._settings.preferences.training)
            known = {name: content[name] for name in TrainConfig.__slots__ if name in content}
            return TrainConfig.from_json(known)
        except (ValueError, TypeError, KeyError, SettingError):
            return FIRST


def data_name(path: Path) -> str:
    """Return what a person knows a data set by: its folder, or the name of its file."""
    if path.suffix.lower() in _RECIPE_SUFFIXES and path.parent.name:
        return path.parent.name
    return path.stem if path.suffix.lower() in DATA_SUFFIXES else path.name


def _concerns_training(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in DATA_SUFFIXES | {_WEIGHTS_SUFFIX}


def _facts(path: Path, name: str, job: Job) -> DataFacts:
    """Return what is known of a data set without looking into its pictures."""
    from engine.datasets import find, pictures, tasks_of
    from engine.errors import Cancelled

    tasks = tasks_of(path)
    found = find(path, tasks[0], val_needed=False)
    counts = {}
    for split, places in found.splits.items():
        counts[split] = sum(1 for each in pictures(places))
        if job.should_stop():
            raise Cancelled
    return DataFacts(path, name, tasks, found.names, counts)
