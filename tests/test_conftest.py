from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def run_pytest(folder: Path, body: str) -> tuple[int, str]:
    """Run one test file under a copy of our conftest and return exit code and output."""
    (folder / "conftest.py").write_text((HERE / "conftest.py").read_text("utf-8"), "utf-8")
    (folder / "test_it.py").write_text(body, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  tool(name):\n  gpu:\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    environment = dict(os.environ, COLUMNS="200")
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_allowed_skips_and_expected_failures_pass(tmp_path: Path) -> None:
    code, output = run_pytest(
        tmp_path,
        "import pytest\n"
        "@pytest.mark.tool('no-such-program')\n"
        "@pytest.mark.parametrize('n', [1, 2, 3])\n"
        "def test_a(n): pass\n"
        "def test_b(): pass\n"
        "def test_c(): pytest.skip('needs ../shared beside the project')\n"
        "@pytest.mark.xfail\n"
        "def test_d(): assert False\n",
    )
    assert code == 0, output
    assert "     3  needs the system tool no-such-program\n" in output
    assert "     1  needs ../shared beside the project\n" in output
    assert "1 passed, 4 skipped, 1 xfailed" in output
    assert "NOT ALLOWED" not in output


def test_any_other_skip_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_file.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    code, output = run_pytest(
        tmp_path, "import pytest\ndef test_a(): pytest.skip('too hard')\ndef test_b(): pass\n"
    )
    assert code == 1
    assert "     1  too hard  NOT ALLOWED\n" in output
    assert "No module named 'no_such_module'  NOT ALLOWED\n" in output
    assert "1 passed, 2 skipped" in output


def test_swallowed_connections_and_unexpected_warnings_fail(tmp_path: Path) -> None:
    code, output = run_pytest(
        tmp_path,
        "import logging, pytest, socket\n"
        "def test_net():\n"
        "    try: socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
        "    except BaseException: pass\n"
        "@pytest.mark.parametrize('name', ['labsight', 'engine.store', 'engine.models.graph'])\n"
        "def test_warn(name): logging.getLogger(name).warning('slow disk')\n"
        "def test_asked(caplog): logging.getLogger('engine.store').warning('slow disk')\n"
        "def test_info(): logging.getLogger('engine.store').info('fine')\n"
        "def test_other(): logging.getLogger('other').warning('not ours')\n",
    )
    assert code == 1
    assert "ERROR test_it.py::test_net - AssertionError: a test reached for the network" in output
    for name in ("labsight", "engine.store", "engine.models.graph"):
        failed = f"ERROR test_it.py::test_warn[{name}] - AssertionError: WARNING {name}: slow disk"
        assert failed in output
    assert "7 passed, 4 errors" in output


def test_connections_and_names_are_refused(network_attempts: list[str]) -> None:
    with pytest.raises(AssertionError, match="reached for the network"):
        socket.getaddrinfo("localhost", 80)
    with socket.socket() as plain, pytest.raises(AssertionError, match="reached for the network"):
        plain.connect(("127.0.0.1", 9))
    assert len(network_attempts) == 2
    network_attempts.clear()


@pytest.mark.skipif(sys.platform == "win32", reason="needs the system tool unix-sockets")
def test_unix_sockets_stay_usable(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
        assert client.getpeername() == str(tmp_path / "s")


def test_home_is_a_folder_of_this_run() -> None:
    home = Path.home()
    assert home.is_relative_to(tempfile.gettempdir())
    assert Path(os.environ["LABSIGHT_HOME"]).is_relative_to(home)
    assert Path(os.environ["YOLO_CONFIG_DIR"]).is_relative_to(home)


def test_ultralytics_is_kept_offline() -> None:
    assert os.environ["YOLO_OFFLINE"] == "true"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"


def test_a_test_that_asks_for_the_log_may_warn(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("engine.store").warning("expected")
    assert caplog.messages == ["expected"]
