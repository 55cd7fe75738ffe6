"""Make a private Python environment beside this file and start LabSight or its tests in it.

Only the standard library is used, and the syntax is kept to what Python 3.6 can parse, so that an
old interpreter reaches the sentence that names the version it lacks.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HELP = """\
usage: python3 bootstrap.py [--yes] run [arguments of main.py]
       python3 bootstrap.py [--yes] test [arguments of pytest]

run     make .venv beside this file, install requirements.txt, start main.py
test    the same with tests/requirements.txt, then pytest without slow tests (-m "" runs all)
--yes   agree to a download of several gigabytes; LABSIGHT_YES=1 does the same
"""


def too_old(major: int, minor: int) -> str:
    """Return the sentence for an interpreter older than 3.11, and an empty text for others."""
    if (major, minor) >= (3, 11):
        return ""
    return f"LabSight needs Python 3.11 or newer; this is Python {major}.{minor}."


if too_old(*sys.version_info[:2]):
    sys.exit(too_old(*sys.version_info[:2]))

ROOT = Path(__file__).resolve().parent
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))  # It outlives .venv.
STAMP = "labsight.stamp"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LIBRARIES = {  # The last are what Qt loads to show a window.
    "libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0", "libxcb.so.1": "libxcb1",
    "libEGL.so.1": "libegl1", "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1", "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
} | {f"libxcb-{part[:-1]}.so.{part[-1]}": f"libxcb-{part}" for part in (
    "cursor0", "icccm4", "image0", "keysyms1", "render-util0", "shape0", "xinerama0")}  # fmt: skip
TEST_TOOLS = {  # Debian keeps wine64 out of the way.
    "soffice": "libreoffice-calc", "ffmpeg": "ffmpeg", "Xvfb": "xvfb", "xdotool": "xdotool",
    "g++": "g++", "x86_64-w64-mingw32-g++-posix": "g++-mingw-w64-x86-64", "makensis": "nsis",
    "/usr/lib/wine/wine64": "wine64", "zstd": "zstd", "desktop-file-validate": "desktop-file-utils",
    "gio": "libglib2.0-bin"}  # fmt: skip
FINDERS = {"fedora": "dnf provides '*/{}'", "arch": "pacman -F {}", "suse": "zypper wp {}"}
PIP_HINTS = {
    "No space left|not enough space": "The disk is full: free about 4 GB and start again.",
    "ProxyError|to proxy|407 Proxy": "The proxy refused: check HTTPS_PROXY and start again.",
    r"CERTIFICATE_VERIFY|SSLError": "The certificate is not trusted: set PIP_CERT to your own.",
    r"NewConnection|NameResolution|failure in name|getaddrinfo|[Tt]imed? ?out|unreachable|"
    r"Connection ?(Reset|Refused|Aborted|broken)|IncompleteRead": "The package index was not "
    "reached: check the network or HTTPS_PROXY and start again; finished downloads are kept.",
    r"No matching distribution": "No build of that package fits this Python on this system: try "
    "another Python, 3.11 or newer.",
    r"Permission denied|Access is denied": "Files of .venv cannot be written or are in use.",
    r"": "Start again; if it happens twice, delete the folder .venv first.",
}


class Problem(Exception):
    """A failure that ends the start: a sentence, and what to do about it."""


def say(text: str) -> None:
    """Print a line at once, also when the output is a file."""
    print(text, flush=True)


def run(
    command: list[str],
    watch: Callable[[str], None] = lambda line: None,
    bar: bool = False,
    **variables: str,
) -> tuple[int, str]:
    """Run a command without input, show `watch` each line, return its exit code and output.

    With `bar` its standard output goes to the terminal, and only its errors are returned.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=None if bar else subprocess.PIPE,
        stderr=subprocess.PIPE if bar else subprocess.STDOUT,
        env=dict(os.environ, PYTHONIOENCODING="utf-8", **variables),
        encoding="utf-8",
        errors="replace",
        close_fds=os.name == "nt",  # It holds our lock, and is waited for when we are killed.
    ) as process:
        lines = []
        for line in process.stderr or process.stdout or ():
            lines.append(line)
            watch(line)
    return process.returncode, "".join(lines).strip()


def linux_family(release: Path = Path("/etc/os-release")) -> str:
    """Return debian, fedora, arch or suse, or an empty text, for the distribution here."""
    text = release.read_text("utf-8") if release.exists() else ""
    names = " ".join(re.findall(r"^ID(?:_LIKE)?=(.*)$", text, re.MULTILINE))
    return next((name for name in ("debian", *FINDERS) if name in names), "")


def missing_libraries(load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """Return the shared libraries that the packages need from Linux and `load` does not find."""
    missing = []
    for soname in LIBRARIES:
        try:
            load(soname)
        except OSError:
            missing.append(soname)
    return missing


def provide(packages: list[str], otherwise: str) -> str:
    """Install Debian packages when we may; return what is left for the person to do."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if linux_family() != "debian":
        return otherwise
    if os.geteuid() != 0:
        return "sudo " + " ".join(command)
    say("      " + " ".join(command))
    run(["apt-get", "update"])
    code, output = run(command, DEBIAN_FRONTEND="noninteractive")
    return "" if code == 0 else " ".join(command) + "\n" + output[-800:]


def require_system() -> None:
    """Find the system's parts that are missing before anything is downloaded."""
    missing = missing_libraries() if platform.system() == "Linux" else []
    packages = [LIBRARIES[soname] for soname in missing]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("ensurepip (a part of Python)")
        packages.append("python3-venv")
    if missing:
        finder = FINDERS.get(linux_family(), "your package manager").format(missing[0])
        left = provide(packages, f"install the packages that hold them, found by: {finder}")
        if left:
            raise Problem(f"Missing on this system: {', '.join(missing)}.\nTo mend it: {left}")


def offer_test_tools() -> None:
    """Install the programs that some tests use, or name the command; without it they skip."""
    missing = [package for tool, package in TEST_TOOLS.items() if not shutil.which(tool)]
    if not any(Path("/usr/share/fonts").rglob("*CJK*")):
        missing.append("fonts-noto-cjk")
    if missing and platform.system() == "Linux":
        left = provide(missing, f"install {', '.join(missing)}")
        if left:
            say(f"Some tests will be skipped. To run them too: {left}")


def venv_python(root: Path) -> Path:
    """Return where the interpreter of `.venv` stands on this system."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_lines(root: Path, files: list[str]) -> list[str]:
    """Return what the stamp holds once `files` are installed for this Python on this machine."""
    python = f"{os.path.realpath(BASE_PYTHON)} {sys.version} {platform.machine()}".encode()
    return [hashlib.sha256(python + (root / name).read_bytes()).hexdigest() for name in files]


def is_ready(root: Path, files: list[str]) -> bool:
    """Tell whether an earlier start finished installing `files`; no process is started."""
    stamp = root / ".venv" / STAMP
    found = stamp.read_text("utf-8").split() if stamp.exists() else []
    return venv_python(root).exists() and set(stamp_lines(root, files)) <= set(found)


def write_stamp(root: Path, files: list[str]) -> None:
    """Record that `files` are installed; a line that was cut short equals no digest."""
    (root / ".venv" / STAMP).write_text("\n".join(stamp_lines(root, files)), "utf-8")


def try_lock(descriptor: int) -> bool:
    """Take the system's lock on an open file; it ends with the last process that holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let one bootstrap at a time change `.venv`; others say so and wait for it."""
    descriptor = os.open(root / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.set_inheritable(descriptor, os.name != "nt")
        if not try_lock(descriptor):
            say(f"Another bootstrap is installing in {root}; waiting for it (Ctrl+C leaves).")
            while not try_lock(descriptor):
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def make_venv(root: Path) -> None:
    """Make `.venv`, or keep one that starts, less the packages whose unpacking was cut short."""
    folder = root / ".venv"
    (folder / STAMP).unlink(missing_ok=True)
    if venv_python(root).exists():
        probe = "import pip, platform, sys; print(sys.version, platform.machine())"
        if run([str(venv_python(root)), "-c", probe]) == (0, f"{sys.version} {platform.machine()}"):
            # pip writes INSTALLER after a package's last file, and skips what has a dist-info.
            for package in folder.glob("[Ll]ib/**/site-packages/*.dist-info"):
                if not (package / "INSTALLER").exists():
                    shutil.rmtree(package)
            return
    if folder.exists():
        say("      The .venv that is here does not fit; it is made again.")
        shutil.rmtree(folder)
    code, output = run([BASE_PYTHON, "-m", "venv", str(folder)])
    if code != 0:
        raise Problem(f"Python could not make {folder}.\n{output}")


def pip_install(root: Path, arguments: list[str]) -> None:
    """Run pip install: with its own bar on a terminal, else with a line for each package."""

    def watch(line: str) -> None:
        if line.startswith(("Collecting ", "Processing ")):
            say(f"      {os.path.basename(line.split()[1])}")
        elif line.startswith("Installing collected packages:"):
            say(f"      unpacking {line.count(',') + 1} packages")

    command = [str(venv_python(root)), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--no-input", *arguments]
    code, output = run(command, watch, bar=sys.stdout.isatty(), PIP_USER="0")
    if code != 0:
        hint = next(hint for pattern, hint in PIP_HINTS.items() if re.search(pattern, output))
        tail = "\n".join(output.splitlines()[-12:])
        raise Problem(f"{tail}\n\npip could not install the packages. {hint}")


def offers(root: Path, requirement: str, options: list[str]) -> bool:
    """Tell whether `package==version` for this Python is in the index that `options` name."""
    package, version = requirement.split("==")
    command = [str(venv_python(root)), "-m", "pip", "index", "versions", package, *options]
    _, output = run([*command, "--timeout", "5", "--retries", "1"])
    return version in re.split(r"[\s,()]+", output)


def has_nvidia() -> bool:
    """Tell whether Linux sees an NVIDIA card or its driver."""
    seen = any(Path(path).exists() for path in ("/proc/driver/nvidia", "/dev/nvidia0"))
    return seen or bool(shutil.which("nvidia-smi"))


def torch_source(
    here: str, nvidia: bool, pins: dict[str, str], offered: Callable[[str, list[str]], bool]
) -> tuple[list[str], bool]:
    """Choose where torch comes from; other systems than Linux find a CPU build in the registry.

    torchvision loads only beside a torch of its own kind, so a source of both goes first. `offered`
    tells whether pip with some options finds a `package==version`. Returns pip's arguments, and
    whether they mean gigabytes.
    """
    plain = [f"{package}=={version}" for package, version in pins.items()]
    if here not in ("Linux x86_64", "Linux aarch64"):
        return plain, False
    cpu = [f"{requirement}+cpu" for requirement in plain]
    for requirements, options in ((cpu, []), (cpu, ["--index-url", CPU_INDEX]), (cpu[:1], [])):
        if not nvidia and all(offered(requirement, options) for requirement in requirements):
            return [*options, *requirements], False
    return plain, offered(plain[0], [])


def confirm_large() -> None:
    """Ask before the download of the CUDA build; refuse where nobody can answer."""
    size = "torch with its CUDA libraries is a download of about 3 GB."
    if not sys.stdin.isatty():
        raise Problem(f"{size}\nAgree with --yes before the verb, or with LABSIGHT_YES=1.")
    say(f"      {size} Go on? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Problem("Nothing was downloaded. Start again to be asked again.")


def install_torch(root: Path, agreed: bool) -> None:
    """Install torch ahead of the other packages, unless the pinned version is there."""
    text = (root / "requirements.txt").read_text("utf-8")
    pins = dict(re.findall(r"^(torch|torchvision)==(\S+)", text, re.MULTILINE))
    if any((root / ".venv").glob(f"[Ll]ib/**/site-packages/torch-{pins['torch']}*.dist-info")):
        return
    here = f"{platform.system()} {platform.machine()}"
    arguments, large = torch_source(here, has_nvidia(), pins, lambda *asked: offers(root, *asked))
    if large and not agreed:
        confirm_large()
    pip_install(root, arguments)


def prepare(root: Path, files: list[str], agreed: bool) -> None:
    """Bring `.venv` to what `files` ask for, in numbered steps; repeatable at any point."""
    began = time.monotonic()
    reading = [f"-r{root / name}" for name in files]
    steps: list[tuple[str, Callable[[], None]]] = [
        ("Checking the system", require_system),
        ("Making .venv", lambda: make_venv(root)),
        ("Installing torch", lambda: install_torch(root, agreed)),
        (f"Installing {' and '.join(files)}", lambda: pip_install(root, reading)),
    ]
    for number, (title, action) in enumerate(steps, 1):
        say(f"[{number}/{len(steps)}] {title}")
        action()
    write_stamp(root, files)
    say(f"      Ready after {time.monotonic() - began:.0f} s.")


def compile_translations(root: Path) -> None:
    """Compile the catalogues that are newer than their compiled form."""
    for source in sorted((root / "resources" / "i18n").glob("*/LC_MESSAGES/labsight.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        partial = source.with_suffix(f".{os.getpid()}.part")
        command = [str(venv_python(root)), "-m", "babel.messages.frontend", "compile"]
        code, output = run([*command, "-i", str(source), "-o", str(partial)])
        if code != 0:
            raise Problem(f"{source} could not be compiled.\n{output}")
        partial.replace(target)


def compile_operators(root: Path) -> None:
    """Compile the operators that changed; without a compiler they run as plain torch."""
    sources = [path for path in (root / "ops").rglob("*") if path.suffix in (".h", ".inl", ".cpp")]
    made = root / "ops" / "lib" / "manifest.json"
    if any(not made.exists() or made.stat().st_mtime < each.stat().st_mtime for each in sources):
        command = [str(venv_python(root)), "-m", "ops.build"]
        run(command, lambda line: say(f"      {line.rstrip()}"), PYTHONPATH=str(root))


def start(command: list[str]) -> int:
    """Become the command on POSIX; on Windows run it and return its exit code."""
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = subprocess.call(command)
    return 130 if code == 0xC000013A else code  # The system's own for Ctrl+C.


def perform(verb: str, arguments: list[str], agreed: bool) -> int:
    """Prepare the environment where needed and hand over to the program or its tests."""
    files = ["requirements.txt"] + ["tests/requirements.txt"] * (verb == "test")
    if not is_ready(ROOT, files):
        with locked(ROOT):
            if not is_ready(ROOT, files):
                prepare(ROOT, files, agreed)
    if verb == "test":
        offer_test_tools()
        os.chdir(ROOT)
    compile_translations(ROOT)
    compile_operators(ROOT)
    program = [str(ROOT / "main.py")] if verb == "run" else ["-m", "pytest", "-m", "not slow"]
    return start([str(venv_python(ROOT)), *program, *arguments])


def main(arguments: list[str]) -> int:
    """Read the verb, and turn what can go wrong into a sentence and an exit code."""
    agreed = "--yes" in arguments[:2] or os.environ.get("LABSIGHT_YES") == "1"
    words = [word for word in arguments[:2] if word != "--yes"] + arguments[2:]
    if words[:1] in (["-h"], ["--help"]):
        say(HELP)
        return 0
    if words[:1] not in (["run"], ["test"]):
        given = f"Unknown verb {words[0]!r}" if words else "A verb is missing"
        print(f"{given}: use `run`, `test` or `--help`.", file=sys.stderr)
        return 2
    try:
        return perform(words[0], words[1:], agreed)
    except KeyboardInterrupt:
        print("Interrupted. Start again to go on.", file=sys.stderr)
        return 130
    except (Problem, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
