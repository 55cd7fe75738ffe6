"""The check of a bundle: what it needs, what it reports, what it calls untouched."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.version import NAME
from installer import archive, check, trials
from installer.check import Report
from installer.frozen import Failure, Frozen


@pytest.fixture
def place(tmp_path: Path) -> Frozen:
    """Return a bundle with one file in it, and the home that it is tried in."""
    folder, home = tmp_path / "bundle", tmp_path / "home"
    for path in (folder, home):
        path.mkdir()
    (folder / NAME).write_bytes(b"x" * 1000)
    return Frozen(folder, home, ":7")


def test_a_report_goes_on_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> str:
        raise Failure("it is broken")

    def lack() -> str:
        raise archive.Problem("a tool is missing")

    report = Report()
    report.try_out("first", lambda: "")
    report.try_out("second", fail)
    report.try_out("third", lack)
    report.try_out("fourth", lambda: "3 objects")
    assert report.failed == 2
    assert [found for _, _, found in report.rows] == [
        "ok",
        "FAILED: it is broken",
        "FAILED: a tool is missing",
        "3 objects",
    ]
    assert report.table().splitlines()[:3] == [
        "| part | s | |",
        "|---|---:|---|",
        "| first | 0.0 | ok |",
    ]
    assert "FAILED: it is broken" in capsys.readouterr().out


def test_without_a_bundle_or_a_tool_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")
    assert check.main(["--bundle", str(tmp_path)]) == 1
    assert "build it first" in capsys.readouterr().err
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "xdotool" else tool)
    assert check.main(["--bundle", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "The check needs Linux and xdotool.\n"


def test_a_package_that_cannot_be_tried_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / NAME).touch()
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert check.main(["--bundle", str(tmp_path), "--package"]) == 3
    said = capsys.readouterr()
    assert said.err == "The package cannot be tried: only root may install packages.\n"
    assert said.out == ""


def test_what_was_left_alone(place: Frozen) -> None:
    before = check._contents(place.program.parent)
    (place.home / "LabSight" / "2026").mkdir(parents=True)
    (place.home / "LabSight" / "2026" / "session.labsight").touch()
    place.data.mkdir(parents=True)
    (place.data / "settings.ini").touch()
    assert check._untouched(place, before) == ""


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("home/.cache/Microsoft/deviceid", "outside its folders: .cache/Microsoft/deviceid"),
        ("home/tmp/labsight-view", "temporary files were left: labsight-view"),
        ("bundle/module.pyc", "own folder was changed"),
    ],
)
def test_what_was_not(place: Frozen, path: str, reason: str) -> None:
    before = check._contents(place.program.parent)
    strange = place.home.parent / path
    strange.parent.mkdir(parents=True, exist_ok=True)
    strange.touch()
    with pytest.raises(Failure, match=reason):
        check._untouched(place, before)


def test_a_file_of_the_program_that_was_written_to(place: Frozen) -> None:
    before = check._contents(place.program.parent)
    os.utime(place.program, (1, 1))
    with pytest.raises(Failure, match="own folder was changed"):
        check._untouched(place, before)


def test_sizes_have_limits(place: Frozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check._size(place.program.parent) == "0 MB"
    monkeypatch.setattr(check, "LARGEST_MB", 0.0005)
    with pytest.raises(Failure, match="at most"):
        check._size(place.program.parent)


@pytest.mark.tool("zstd")
def test_the_bundle_is_tried_where_it_was_unpacked(
    place: Frozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, bundle = tmp_path / "scratch", tmp_path / "dist" / NAME
    scratch.mkdir()
    shutil.copytree(place.program.parent, bundle)
    assert check._unpacked(bundle, scratch) == "0 MB packed"
    unpacked = scratch / check.PLACE / NAME
    assert check._contents(unpacked).keys() == check._contents(bundle).keys()
    assert " " in check.PLACE
    assert not check.PLACE.isascii()
    shutil.rmtree(scratch / check.PLACE)
    monkeypatch.setattr(check, "LARGEST_PACKED_MB", 0)
    with pytest.raises(Failure, match="at most"):
        check._unpacked(bundle, scratch)


def test_libraries_from_elsewhere_are_refused(place: Frozen) -> None:
    folder = place.program.parent
    ours = f"7f00-7f01 r-xp 0000 08:01 1   {folder}/_internal/libA.so.1\n"
    system = "7f02-7f03 r-xp 0000 08:01 2   /usr/lib/x86_64-linux-gnu/libc.so.6\n7f04-7f05 rw-p 0\n"
    trials._refuse_strangers(place, ours + system)
    stranger = "7f06-7f07 r-xp 0000 08:01 3   /root/.pyenv/lib/libpython3.11.so.1.0\n"
    with pytest.raises(Failure, match=r"/root/\.pyenv/lib/libpython"):
        trials._refuse_strangers(place, ours + stranger)


def test_the_check_lists_every_trial() -> None:
    functions = {
        name
        for name, value in vars(trials).items()
        if callable(value) and getattr(value, "__annotations__", {}).get("frozen") == "Frozen"
    }
    public = {name for name in functions if not name.startswith("_")}
    assert {trial.__name__ for trial in trials.TRIALS.values()} == public


@pytest.mark.slow
@pytest.mark.tool("zstd")
def test_what_the_trials_work_on(tmp_path: Path) -> None:
    import av

    material = trials.make_material(tmp_path / "material")
    assert material.picture.is_file()
    assert material.data.name == "data.yaml"
    with av.open(material.video) as container:
        assert sum(1 for _ in container.decode(video=0)) == trials.FRAMES


def test_a_tool_that_fails_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.try_out("tar", lambda: str(subprocess.run(["/bin/false"], check=True)))
    assert report.failed == 1
