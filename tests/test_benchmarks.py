"""The benchmarks measure what they say, on inputs too small for their figures to mean anything."""

import json
import os
import re
import sys
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    command,
    excel,
    harness,
    live,
    made,
    memory,
    offscreen,
    overlay,
    pictures,
    report,
    scrolling,
    store,
    table,
    training_window,
    video,
    window,
)
from benchmarks.harness import Measurement, Plan
from engine import masks
from engine.config import RunConfig
from engine.errors import EngineError
from engine.inference.candidates import MOST_MASKS
from engine.media import write_picture
from engine.sources import open_sources
from engine.sources.video import read_video
from engine.store import SessionReader
from engine.store.query import COLUMNS
from engine.types import Frame, UInt8
from engine.video_writer import VideoWriter
from tests.helpers.checkpoints import random_checkpoint


def run_of(name: str, *measurements: Measurement) -> report.Run:
    around = {
        "date": "2026-01-02T03:04:05+00:00",
        "machine": {"processor": "Abacus", "cores": 2, "memory_gb": 1.5},
        "versions": {"python": "3.11", "torch": "2", "ultralytics": "8"},
    }
    return report.Run(name, 1.0, 1, 1.0, around, measurements)


def test_targets_judge() -> None:
    assert harness.at_most("a", 2.0, "s", 2) == Measurement("a", 2.0, "s", "≤ 2", True)
    assert harness.at_most("a", 2.1, "s", 2).passed is False
    assert harness.at_least("a", 1.2, "", 1.2) == Measurement("a", 1.2, "", "≥ 1.2", True)
    assert harness.at_least("a", float("nan"), "", 1.2).passed is False


def test_made_files_are_made_once_and_whole(tmp_path: Path) -> None:
    plan, calls = Plan(tmp_path), []

    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    def whole(folder: Path) -> None:
        calls.append(folder)
        (folder / "whole").touch()

    with pytest.raises(KeyboardInterrupt):
        plan.made("things", interrupted)
    for _ in range(2):
        folder = plan.made("things", whole)
        assert [path.name for path in folder.iterdir()] == ["whole"]
    assert len(calls) == 1


def test_a_fresh_process_knows_nothing_of_our_memory() -> None:
    ballast = np.ones(300_000_000, np.uint8)
    assert harness.memory_bytes() > ballast.nbytes
    assert harness.peak_memory_bytes() > ballast.nbytes
    assert harness.in_fresh_process(os.getpid) != os.getpid()
    held = harness.in_fresh_process(harness.memory_bytes)
    peak = harness.in_fresh_process(harness.peak_memory_bytes)
    assert 0 < held < ballast.nbytes
    assert 0 < peak < ballast.nbytes


def test_a_made_result_is_one_that_a_network_could_give() -> None:
    result = made.segmented(np.random.default_rng(0), 50)
    found, proposed = result.detections, result.candidates
    assert proposed is not None
    assert proposed.masks is not None
    assert found.masks is not None
    assert (len(found), len(proposed)) == (50, 900)
    assert sum(mask is not None for mask in proposed.masks) == MOST_MASKS
    assert np.all(np.diff(proposed.scores) <= 0)
    assert np.array_equal(proposed.boxes[:50], found.boxes)
    for mask, box in zip(found.masks, found.boxes.tolist(), strict=True):
        assert masks.bounds(mask) == tuple(round(side) for side in box)


def test_store_writes_every_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    results = [made.result(rng, 4), made.segmented(rng, 3)]
    times = store.write(tmp_path / "session", results, 5)
    assert len(times) == 5 + 1
    assert min(times) > 0
    with SessionReader.open(tmp_path / "session") as reader:
        assert [frame.objects for frame in reader.frames()] == [4, 3, 4, 3, 4]
        assert [frame.index for frame in reader.frames()] == [0, 1, 2, 3, 4]
        candidates = reader.candidates(2)
        assert candidates is not None
        assert len(candidates) == 54


def test_table_sorts_by_every_column_and_pages(tmp_path: Path) -> None:
    made.write_session(tmp_path, 7, 50, tracked=True)
    measurements = table.turn(tmp_path, 2)
    names = [each.name for each in measurements]
    for column in COLUMNS:
        assert f"350 rows: first page sorted by {column}" in names
    assert sum(each.target == "≤ 1.5" for each in measurements) == len(COLUMNS)
    assert sum(each.target == "≤ 100" for each in measurements) == 1
    assert all(each.value > 0 for each in measurements)


def test_excel_exports_counts_and_stops(tmp_path: Path) -> None:
    made.write_session(tmp_path / "s", 60, 50)
    done = excel.export(tmp_path / "s", tmp_path / "a.xlsx")
    assert done.seconds > 0
    assert done.reports > 3000 // 1000
    assert done.file_bytes == (tmp_path / "a.xlsx").stat().st_size
    stopped_s = excel.cancel(tmp_path / "s", tmp_path / "b.xlsx", 0)
    assert stopped_s is not None
    assert stopped_s >= 0
    assert not (tmp_path / "b.xlsx").exists()
    assert excel.cancel(tmp_path / "s", tmp_path / "b.xlsx", 600) is None
    assert (tmp_path / "b.xlsx").exists()


def test_memory_is_sampled_over_a_run_of_videos(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    memory.make_clips(tmp_path / "clips", 3, 12)
    run = memory.work(tmp_path / "clips", tmp_path / "session")
    assert run.frames == 36
    assert run.samples[-1][0] == 36
    with SessionReader.open(tmp_path / "session") as reader:
        assert reader.object_count() == 36 * memory.OBJECTS
        media = {frame.media for frame in reader.frames()}
    assert len(media) == 3
    assert all((tmp_path / "session" / str(name)).stat().st_size for name in media)


def test_growth_of_memory_begins_where_it_has_settled() -> None:
    run = memory.Run(40, 1.0, ((5, 100), (10, 900), (20, 500), (30, 700), (40, 600)))
    assert run.growth_bytes(20) == 200
    assert run.growth_bytes(6) == 0
    assert run.growth_bytes(40) == 0


def test_rendered_pictures_are_of_one_size(tmp_path: Path) -> None:
    pictures.render(tmp_path, 2)
    frames = list(open_sources([str(tmp_path)]))
    assert [isinstance(f, Frame) and (f.width, f.height) for f in frames] == [(1024, 768)] * 2


def noise(rng: np.random.Generator) -> UInt8:
    """Return a picture in which random weights find something."""
    return rng.integers(0, 256, (6, 8, 3)).repeat(12, 0).repeat(12, 1).astype(np.uint8)


def check_comparison(measurements: list[Measurement], least: float) -> None:
    ratios = [each for each in measurements if each.target]
    spent = [each.value for each in measurements if each.name.endswith(": a picture")]
    assert [each.target for each in ratios] == [f"≥ {least}"] * (len(spent) - 1)
    assert [each.value for each in ratios] == pytest.approx([s / spent[0] for s in spent[1:]])
    found = [each.value for each in measurements if each.name.endswith("objects found")]
    assert len(found) == len(spent) >= 2
    assert found[0] > 0
    # The two decoders may differ by a shade, which matters to objects on the brink.
    assert found[1:] == pytest.approx([found[0]] * (len(found) - 1), rel=0.05)


@pytest.mark.slow
def test_pictures_go_through_both_programs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        write_picture(noise(rng), tmp_path / "in" / f"{number}.jpg")
    weights = random_checkpoint(tmp_path, "yolo11", "segment")
    job = pictures.Job(tmp_path / "in", tmp_path / "in" / "0.jpg", weights)
    check_comparison(pictures.compare(job, Plan(tmp_path, repeats=1), 1.2), 1.2)
    # What was written on the way is gone.
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in", weights.name])


@pytest.mark.slow
def test_a_video_goes_through_both_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mp4"
    rng = np.random.default_rng(0)
    with VideoWriter(clip, Fraction(30), (96, 72)) as writer:
        for number in range(5):
            writer.write(noise(rng), number / 30)
    weights = random_checkpoint(tmp_path, "yolo11", "segment")
    monkeypatch.setattr(video, "RunConfig", lambda: replace(RunConfig(), weights=weights))
    check_comparison(video.measure(Plan(tmp_path, repeats=1, video=clip)), 1.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([clip.name, weights.name])


def test_a_rendered_video_moves_at_the_rate_it_says(tmp_path: Path) -> None:
    video.render(tmp_path / "video.mp4", 5, (320, 240))
    frames = list(read_video(tmp_path / "video.mp4"))
    assert [(each.width, each.height) for each in frames] == [(320, 240)] * 5
    assert [each.time_s for each in frames] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30, 4 / 30])
    # The second frame of a scene is the first one, moved by a pixel.
    former, later = (each.image.astype(np.int16) for each in frames[:2])
    assert np.abs(former[:, 1:] - later[:, :-1]).mean() < np.abs(former - later).mean()


def test_a_trial_is_neither_judged_nor_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "FIGURES", tmp_path / "figures.json")
    arguments = ["store", "--scale", "0.001", "--repeats", "1", "--data", str(tmp_path)]
    assert command.main(arguments) == 0
    assert list(tmp_path.iterdir()) == []
    printed = capsys.readouterr().out
    assert "a frame of 50 objects, masks and candidates: median" in printed
    assert "yes" not in printed
    assert "NO" not in printed


def test_a_missed_target_is_said_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"slow": 1.0, "quick": 9.0}

    def limited(limit: float, plan: Plan) -> list[Measurement]:
        return [harness.at_most("time", 2.34567891, "s", limit)]

    for name, limit in limits.items():
        monkeypatch.setitem(command.BENCHMARKS, name, partial(limited, limit))
    out = tmp_path / "new" / "figures.json"
    assert command.main(["quick", "--out", str(out)]) == 0
    assert command.main(["slow", "--out", str(out)]) == 1
    lines = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert ["time", "2.35 s", "≤ 9", "yes"] in lines
    assert ["time", "2.35 s", "≤ 1", "NO"] in lines
    kept = json.loads(out.read_text("utf-8"))["runs"]
    assert list(kept) == ["quick", "slow"]
    assert kept["slow"]["measurements"] == [
        {"name": "time", "value": 2.3457, "unit": "s", "target": "≤ 1", "passed": False}
    ]
    assert kept["slow"]["surroundings"]["machine"]["cores"] == os.cpu_count()
    assert kept["slow"]["surroundings"]["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    "wrong", [["nothing"], ["--repeats", "0"], ["--scale", "0"], ["--scale", "2"], ["--scale", "x"]]
)
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(wrong)
    assert refused.value.code == 2
    assert wrong[-1] in capsys.readouterr().err


def test_the_readme_follows_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "FIGURES", tmp_path / "figures.json")
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    report.README.write_text(f"# Head\n{report.BEGIN}old\n{report.END}tail\n", "utf-8")
    report.keep(run_of("one", Measurement("size", 1234.5, "MB")), report.FIGURES)
    report.keep(run_of("two", harness.at_least("ratio", 1.0, "", 1.2)), report.FIGURES)
    report.keep(run_of("one", Measurement("size", 0.012345, "MB")), report.FIGURES)
    text = report.README.read_text("utf-8")
    assert text.startswith(f"# Head\n{report.BEGIN}")
    assert text.endswith(f"{report.END}tail\n")
    assert "old" not in text
    assert "1,23" not in text
    assert "| size | 0.0123 MB |  |  |\n" in text
    assert "| ratio | 1 | ≥ 1.2 | NO |\n" in text
    assert "2026-01-02, Abacus, 2 cores, 1.5 GB; Python 3.11, torch 2, ultralytics 8" in text


def test_the_readme_is_true() -> None:
    readme = report.README.read_text("utf-8")
    runs = report.read(report.FIGURES) if report.FIGURES.exists() else {}
    assert report.with_figures(readme, runs) == readme
    for name in command.BENCHMARKS:
        assert f"| `{name}` |" in readme


def test_pictures_of_a_person_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="There is no file or folder"):
        pictures.measure(Plan(tmp_path, 1, pictures=tmp_path / "nowhere"))


def test_the_table_is_scrolled_sorted_and_filtered(tmp_path: Path) -> None:
    made.write_session(tmp_path, 30, 50)
    felt = harness.in_fresh_process(scrolling.use, tmp_path)
    assert felt.open_s > 0
    assert min(felt.first_page_s.values()) > 0


def test_the_window_ticks_through_a_run_over_pictures(tmp_path: Path) -> None:
    window.render(tmp_path, 4)
    ticks = harness.in_fresh_process(window.work_through, tmp_path, 60)
    assert ticks.done == 4
    assert ticks.loading_ms > 0
    assert ticks.gap_ms > 0


def test_the_window_ticks_while_a_training_is_told() -> None:
    felt = harness.in_fresh_process(training_window.replay, 20, 30)
    assert felt.gap_ms > 0
    assert felt.refresh_ms > 0


@pytest.mark.slow
def test_the_window_ticks_through_a_video(tmp_path: Path) -> None:
    video.render(tmp_path / "video.mp4", 7, (320, 240))
    ticks = harness.in_fresh_process(window.work_through, tmp_path / "video.mp4", 60)
    assert ticks.done == 7
    assert ticks.loading_ms > 0
    assert ticks.gap_ms > 0


@pytest.mark.slow
def test_the_window_ticks_while_a_video_is_played_again_and_again(tmp_path: Path) -> None:
    video.render(tmp_path / "video.mp4", 3, (320, 240))
    ticks = harness.in_fresh_process(window.play, tmp_path / "video.mp4", 4)
    # Its three frames take a tenth of a second.
    assert ticks.done > 3
    assert ticks.loading_ms > 0
    assert ticks.gap_ms > 0


def test_a_run_that_is_in_time_can_load_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = iter([window.Ticks(90, 60, 5), window.Ticks(310, 20, 7), window.Ticks(80, 30, 9)])
    monkeypatch.setattr(window, "in_fresh_process", lambda *work: next(runs))
    (tmp_path / "window-pictures").mkdir()
    figures = window.measure_ticks(Plan(tmp_path, repeats=5))
    assert [(each.value, each.passed) for each in figures] == [(30, True), (310, False), (7, None)]


def test_a_wait_that_is_in_vain_ends() -> None:
    with pytest.raises(TimeoutError, match=r"waited 0.1 s: nothing was said"):
        harness.in_fresh_process(wait_in_vain)


def wait_in_vain() -> None:
    with offscreen.shown_window() as application:
        offscreen.until(application, lambda: False, 0.1)


@pytest.mark.slow
def test_frames_of_a_camera_are_seen_in_the_window(tmp_path: Path) -> None:
    weights = random_checkpoint(tmp_path, "yolo11", "detect")
    video.render(tmp_path / "video.mp4", 30, (96, 72))
    seen = harness.in_fresh_process(live.look, tmp_path / "video.mp4", 1.0, weights)
    assert 0 < len(seen.waits_ms) == len(seen.network_ms) <= seen.came
    # Thirty a second, less what two frames at the ends and a busy machine make of it.
    assert 10 <= seen.came <= 32
    assert 0 <= seen.left_out < seen.came
    assert min(seen.network_ms) > 0
    assert 0 < min(seen.waits_ms) < 5000


@pytest.mark.slow
def test_memory_and_threads_are_watched_beside_a_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SIZE", (96, 72))
    monkeypatch.setattr(live, "FRAMES", 2000)
    measurements = live.measure_memory(Plan(tmp_path, scale=0.02))
    assert [each.target for each in measurements] == ["≤ 30", "", "≤ 0", "", ""]
    gain, held, _, threads, shown = (each.value for each in measurements)
    assert 0 <= gain < held
    assert threads > 1
    assert shown > 0


def test_old_frames_and_slow_ones_are_told_apart() -> None:
    quick = live.Seen((10.0,) * 98 + (90.0, 90.0), (20.0,) * 100, 120, 20)
    slow = live.Seen((50.0,) * 100, (30.0,) * 100, 130, 25)
    figures = live.figures("net", [quick, quick, slow])
    assert [(each.value, each.passed) for each in figures[:2]] == [(10, True), (90, False)]
    assert [each.value for each in figures[2:]] == [20, 120, 100, 20]


def test_a_slider_step_is_painted(tmp_path: Path) -> None:
    plan = Plan(tmp_path, repeats=1, scale=0.1)
    measurements = overlay.measure(plan)
    assert all(each.value > 0 for each in measurements)


@pytest.mark.tool("Xvfb")
@pytest.mark.tool("xdotool")
def test_the_start_is_measured_on_a_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(window.PEER, raising=False)
    first, *others = window.measure_start(Plan(tmp_path, repeats=1))
    assert first.name == "start to visible window"
    assert 0 < first.value < 60
    assert all("labelme" in each.name for each in others)


@pytest.mark.tool("xdotool")
def test_a_program_without_a_window_is_no_endless_wait() -> None:
    with pytest.raises(SystemExit, match="showed no window"):
        window.until_window([sys.executable, "-c", "pass"], "nothing", dict(os.environ))
