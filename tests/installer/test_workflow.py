"""The workflow of a release: three systems, and no command in it that is not there."""

import importlib.util
import re
import sys
from typing import Any

import pytest
import yaml

from engine import about
from engine.paths import ROOT

FILE = ROOT / ".github" / "workflows" / "release.yml"
ARTIFACT = re.compile(r"^actions/(?:upload|download)-artifact@")


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    content = yaml.safe_load(FILE.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def steps(workflow: dict[str, Any], job: str) -> list[dict[str, Any]]:
    found = workflow["jobs"][job]["steps"]
    assert isinstance(found, list)
    return found


def commands(workflow: dict[str, Any], job: str) -> str:
    return "\n".join(step["run"] for step in steps(workflow, job) if "run" in step)


def test_a_tag_starts_it_and_nothing_else_publishes(workflow: dict[str, Any]) -> None:
    # YAML reads the key `on` as true.
    assert workflow[True]["push"] == {"tags": ["v*"]}  # type: ignore[index]
    assert workflow["jobs"]["publish"]["if"] == "github.ref_type == 'tag'"
    assert workflow["permissions"] == {"contents": "write"}


def test_three_systems_and_the_edition_for_cards(workflow: dict[str, Any]) -> None:
    rows = workflow["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert {re.split(r"[-]", row["os"])[0] for row in rows} == {"ubuntu", "windows", "macos"}
    assert [row["name"] for row in rows if row.get("edition") == "cuda"] == [
        "linux-cuda",
        "windows-cuda",
    ]
    assert {row["python"] for row in rows} == {".venv/bin/python", ".venv/Scripts/python.exe"}
    for row in rows:
        assert row["program"].startswith("dist/LabSight")


def test_python_is_the_same_everywhere(workflow: dict[str, Any]) -> None:
    for job in workflow["jobs"]:
        (setup,) = (s for s in steps(workflow, job) if "setup-python" in s.get("uses", ""))
        assert setup["with"]["python-version"] == "3.11"


def test_every_module_that_is_run_is_there(workflow: dict[str, Any]) -> None:
    text = "\n".join(commands(workflow, job) for job in workflow["jobs"])
    modules = set(re.findall(r"(?:python|matrix\.python \}\}) -m ([\w.]+)", text))
    assert {"installer.build", "installer.deb", "installer.windows", "ops.build"} <= modules
    for module in modules - {"pip", "venv"}:
        assert importlib.util.find_spec(module) is not None, module


def test_every_file_that_is_named_is_there(workflow: dict[str, Any]) -> None:
    text = "\n".join(commands(workflow, job) for job in workflow["jobs"])
    named = set(re.findall(r"[\w/.-]+\.(?:txt|md|py)\b", text))
    assert named == {"requirements.txt", "ops/build/requirements.txt", "CHANGELOG.md"}
    for name in named:
        assert (ROOT / name).is_file()


def test_what_was_built_is_tried_before_it_is_packed(workflow: dict[str, Any]) -> None:
    text = commands(workflow, "build")
    order = ("installer.build", " self-test\n", " self-test --window", "installer.archive")
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "installer.check_deb" in text


def test_each_artifact_is_fetched_as_it_was_kept(workflow: dict[str, Any]) -> None:
    kept: list[dict[str, Any]] = []
    fetched: list[dict[str, Any]] = []
    for job in workflow["jobs"]:
        for step in steps(workflow, job):
            if ARTIFACT.match(step.get("uses", "")):
                values = step["with"]
                (kept if "upload" in step["uses"] else fetched).append(values)
    assert [each["name"] for each in kept] == ["operators", "edition-${{ matrix.name }}"]
    assert [each.get("name") or each["pattern"] for each in fetched] == ["operators", "edition-*"]
    assert kept[0]["path"] == fetched[0]["path"] == "ops/lib"


def test_the_source_and_the_sums_are_published(workflow: dict[str, Any]) -> None:
    text = commands(workflow, "publish")
    assert about.SOURCE_ARCHIVE.startswith("labsight-")
    assert about.SOURCE_ARCHIVE.endswith("-source.tar.gz")
    assert 'labsight-${GITHUB_REF_NAME#v}-source.tar.gz"' in text
    assert text.index("git archive") < text.index("installer.checksums") < text.index("gh release")


def test_publishing_needs_no_package() -> None:
    lines = (ROOT / "installer" / "checksums.py").read_text("utf-8").splitlines()
    imported = [line.split()[1] for line in lines if line.startswith(("import ", "from "))]
    assert {name.partition(".")[0] for name in imported} <= {"__future__", *sys.stdlib_module_names}
