"""Torch without its tests: takes the place of the hook that PyInstaller's community keeps."""

from pathlib import Path

from PyInstaller.utils.hooks import (
    collect_data_files,
    collect_dynamic_libs,
    collect_submodules,
    get_package_paths,
)

LIBRARIES = ["*.so", "*.so.*", "*.dll", "*.dylib"]


def nvidia(packages: Path) -> list[tuple[str, str]]:
    """Return the libraries of CUDA that a build of torch for cards finds beside itself."""
    found = [path for pattern in LIBRARIES for path in packages.glob(f"nvidia/**/{pattern}")]
    return [(str(path), str(path.parent.relative_to(packages))) for path in found]


# Its program for shared memory is looked for when it is imported.
datas = collect_data_files("torch", includes=["**/*.json", "**/*.yaml", "bin/torch_shm_manager"])
binaries = collect_dynamic_libs("torch", search_patterns=LIBRARIES)
binaries += nvidia(Path(get_package_paths("torch")[0]))
# It imports these by names that it makes up.
hiddenimports = collect_submodules("torch._dynamo") + collect_submodules("torch.onnx")
warn_on_missing_hiddenimports = False
# Libraries that load others find them beside themselves only where no link leads astray.
bindepend_symlink_suppression = ["**/torch/lib/*.so*", "**/nvidia/**/*.so*"]
