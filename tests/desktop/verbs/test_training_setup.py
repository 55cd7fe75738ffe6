"""What is to be trained: opened, typed, dropped, remembered, and what keeps it from being so."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QUrl
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.training_state import TrainingState
from desktop.verbs.training_choices import adapted, recipe_choices, weights_choices
from desktop.verbs.training_setup import FIRST, SetupVerbs, data_name
from engine import datasets
from engine.errors import Cancelled
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.training.config import TrainConfig
from engine.training.preflight import Preflight
from engine.types import Progress
from tests.helpers.datasets import make
from tests.helpers.training_runs import write_run

PREFLIGHT = Preflight(
    "yolo11n-seg", "segment", 640, "CPU", 2843583, 9.7, 0.7, 8, 2, 3.0, 900.0, 8000.0, 60.0, 9000.0
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "appdata"))


@pytest.fixture
def training() -> TrainingState:
    return TrainingState()


@pytest.fixture
def verbs(training: TrainingState, settings: Settings, messages: Messages) -> Iterator[SetupVerbs]:
    verbs = SetupVerbs(state=training, settings=settings, messages=messages)
    yield verbs
    verbs.close()


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Return a data set of boxes: its folder is called tubes."""
    return make(tmp_path / "tubes").parent


def drop(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_a_folder_is_used_where_it_lies(
    qtbot: QtBot, verbs: SetupVerbs, training: TrainingState, settings: Settings, boxes: Path
) -> None:
    verbs.start()
    verbs.choose_data(boxes)
    assert training.loading == Progress(0, None)
    qtbot.waitUntil(lambda: training.data is not None and training.loading is None)
    assert training.data is not None
    assert (training.data.name, training.data.tasks[0]) == ("tubes", "detect")
    assert training.data.counts == {"train": 1, "val": 1}
    assert training.config.data == training.data.path
    assert settings.preferences.recent_data == (str(boxes),)


def test_a_recipe_for_another_task_gets_the_head_for_these_labels(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    boxes: Path,
    said: Callable[[], str],
) -> None:
    verbs.start()
    assert training.config.model == "yolo11n-seg"
    verbs.choose_data(boxes)
    qtbot.waitUntil(lambda: training.recipe.task == "detect")
    assert training.config.model == "yolo11n"
    assert said() == "The recipe was changed to one that these labels can train."
    assert training.recipes[0].value == "yolo11n"


def test_an_archive_is_copied_and_known_by_its_own_name(
    qtbot: QtBot, verbs: SetupVerbs, training: TrainingState, boxes: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ward.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for each in boxes.rglob("*"):
            packed.write(each, each.relative_to(boxes))
    verbs.choose_data(path)
    qtbot.waitUntil(lambda: training.data is not None)
    assert training.data is not None
    assert training.data.name == "ward"
    assert training.data.path.is_relative_to(tmp_path / "home" / "datasets")


def test_what_is_no_data_set_leaves_the_former_one(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    boxes: Path,
    tmp_path: Path,
    messages: Messages,
) -> None:
    verbs.choose_data(boxes)
    qtbot.waitUntil(lambda: training.data is not None)
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(messages.came):
        verbs.choose_data(tmp_path / "empty")
    qtbot.waitUntil(lambda: training.loading is None)
    assert training.data is not None
    assert training.data.name == "tubes"
    assert messages.last is not None
    assert messages.last.hint


def test_opening_can_be_called_off(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    monkeypatch: pytest.MonkeyPatch,
    boxes: Path,
) -> None:
    ended: list[str] = []

    def slow(path: Path, **told: Callable[[], bool]) -> Path:
        while not told["cancelled"]():
            pass
        ended.append("cancelled")
        raise Cancelled

    monkeypatch.setattr(datasets, "prepare", slow)
    verbs.choose_data(boxes)
    verbs.cancel_data()
    assert training.loading is None
    qtbot.waitUntil(lambda: ended == ["cancelled"])
    assert training.data is None


def test_settings_are_back_the_next_time(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    settings: Settings,
    messages: Messages,
    boxes: Path,
) -> None:
    verbs.start()
    verbs.choose_data(boxes)
    qtbot.waitUntil(lambda: training.data is not None)
    verbs.change(epochs=7, rotation=15.0, name="night")
    again = TrainingState()
    other = SetupVerbs(state=again, settings=settings, messages=messages)
    other.start()
    assert again.config == training.config
    qtbot.waitUntil(lambda: again.data is not None)
    assert again.data == training.data
    other.close()


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", '{"data": "/x", "epochs": 0}', '{"data": "/x", "epochs": "many"}']
)
def test_settings_that_cannot_be_read_are_those_of_the_first_start(
    verbs: SetupVerbs, training: TrainingState, settings: Settings, kept: str
) -> None:
    settings.change(training=kept)
    verbs.start()
    assert training.config == FIRST


def test_settings_of_another_version_keep_what_is_known(
    verbs: SetupVerbs, training: TrainingState, settings: Settings
) -> None:
    settings.change(training=json.dumps({"data": ".", "epochs": 3, "warp": 9}))
    verbs.start()
    assert training.config == TrainConfig(epochs=3)


def test_data_that_is_gone_is_not_complained_about_at_the_start(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    settings: Settings,
    messages: Messages,
    tmp_path: Path,
) -> None:
    config = TrainConfig(data=tmp_path / "gone")
    settings.change(training=json.dumps(config.to_json()))
    verbs.start()
    qtbot.waitUntil(lambda: training.loading is None)
    assert messages.last is None
    assert training.data is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"learning_rate": 0.01}, "The learning rate is chosen together with the optimizer."),
        ({"input_size": 100}, "The input size 100 is not a multiple of 32."),
    ],
)
def test_invalid_settings_are_refused_and_the_form_shows_the_former_ones(
    qtbot: QtBot,
    verbs: SetupVerbs,
    training: TrainingState,
    said: Callable[[], str],
    values: dict[str, object],
    sentence: str,
) -> None:
    with qtbot.waitSignal(training.config_changed) as shown:
        verbs.change(**values)
    assert said() == sentence
    assert shown.args == [TrainConfig()]


def test_an_automatic_optimizer_takes_the_learning_rate_along(
    verbs: SetupVerbs, training: TrainingState
) -> None:
    verbs.change(optimizer="AdamW", learning_rate=0.002)
    verbs.change(optimizer="auto")
    assert training.config.learning_rate is None


def test_a_recipe_is_looked_at_as_it_is_typed(
    qtbot: QtBot, verbs: SetupVerbs, training: TrainingState
) -> None:
    verbs.set_recipe("yolo11q")
    qtbot.waitUntil(lambda: training.recipe.error is not None)
    assert training.recipe.error is not None
    assert "yolo11q" in training.recipe.error.message
    verbs.set_recipe(" yolo11s-seg:iou=wiou3 ")
    qtbot.waitUntil(lambda: training.recipe.error is None)
    assert training.recipe.task == "segment"
    assert training.config.model == "yolo11s-seg:iou=wiou3"


def test_what_was_measured_holds_until_it_would_be_something_else(
    verbs: SetupVerbs, training: TrainingState
) -> None:
    training.change(preflight=PREFLIGHT)
    verbs.change(epochs=300, name="long", seed=4)
    assert training.preflight == PREFLIGHT
    verbs.change(batch=4)
    assert training.preflight is None


def test_settings_of_a_former_run_are_taken_over_with_their_data(
    qtbot: QtBot, verbs: SetupVerbs, training: TrainingState, boxes: Path
) -> None:
    verbs.use_settings(TrainConfig(model="yolo11n", data=boxes, epochs=33, name="old"))
    qtbot.waitUntil(lambda: training.data is not None)
    assert (training.config.epochs, training.config.name) == (33, "")


def test_what_is_dropped_goes_where_it_belongs(
    qtbot: QtBot, verbs: SetupVerbs, training: TrainingState, boxes: Path, tmp_path: Path
) -> None:
    verbs.start()
    weights = tmp_path / "mine.pt"
    assert verbs.open_mime(drop(weights))
    assert training.config.weights == weights
    assert verbs.open_mime(drop(boxes / "data.yaml"))
    qtbot.waitUntil(lambda: training.data is not None)
    recipe = resource("recipes") / "light.yaml"
    assert verbs.open_mime(drop(recipe))
    qtbot.waitUntil(lambda: training.config.model == str(recipe))
    qtbot.waitUntil(lambda: training.recipe.text == str(recipe))
    assert training.recipe.task == "detect"
    assert not verbs.open_mime(drop(tmp_path / "photo.jpg"))


def test_nothing_is_taken_while_it_trains(
    verbs: SetupVerbs, training: TrainingState, boxes: Path, said: Callable[[], str]
) -> None:
    training.change(engaged=True)
    assert verbs.open_mime(drop(boxes))
    assert said() == "A training is under way."
    assert training.loading is None


@pytest.mark.parametrize(
    ("text", "tasks", "expected"),
    [
        ("yolo11n-seg", ("detect",), "yolo11n"),
        ("yolo11s-p2", ("segment", "detect"), None),
        ("yolo11s-p2", ("segment",), "yolo11s-p2-seg"),
        ("light", ("segment",), "yolo11n-seg:block=faster"),
        ("yolo11n-p2", ("classify",), None),
        ("yolo11q", ("detect",), None),
        ("yolo11n", (), None),
    ],
)
def test_a_recipe_is_adapted_to_a_task(
    text: str, tasks: tuple[str, ...], expected: str | None
) -> None:
    assert adapted(text, tasks) == expected


def test_recipes_to_pick_from_are_for_the_labels_first() -> None:
    found = [choice.value for choice in recipe_choices(("segment", "detect"))]
    assert found[:2] == ["yolo11n-seg", "yolo11s-seg"]
    assert "yolo11n-seg:attention=cbam" in found
    assert found.index("yolo11n") > found.index("yolo11n-p2-seg")
    assert len(found) == len(set(found))
    words = {choice.value: choice.words for choice in recipe_choices(("segment",))}
    assert words["yolo11n-seg:attention=cbam"] == "Attention"


def test_weights_to_start_from_are_bundled_ones_and_those_of_runs(tmp_path: Path) -> None:
    run = write_run(tmp_path / "home" / "training", 2, name="tubes")
    found = {choice.value: choice.words for choice in weights_choices(Path("/else/mine.pt"))}
    assert found[str(resource(DEFAULT_WEIGHTS))] == "labsight-tubes-n-seg"
    assert found[str(run.best)] == "tubes, best"
    assert found["/else/mine.pt"] == "mine"


@pytest.mark.parametrize(
    ("path", "name"),
    [("/d/tubes/data.yaml", "tubes"), ("/d/tubes", "tubes"), ("/d/ward.zip", "ward")],
)
def test_a_data_set_is_known_by_its_folder_or_its_file(path: str, name: str) -> None:
    assert data_name(Path(path)) == name
