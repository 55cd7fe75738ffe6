"""OpenVINO for processors: plug-ins and readers lie beside its library and are found there."""

from PyInstaller.utils.hooks import collect_dynamic_libs, collect_submodules

from installer import parts

binaries = collect_dynamic_libs("openvino", search_patterns=["*.so", "*.so.*", "*.dll", "*.dylib"])
hiddenimports = collect_submodules("openvino", parts.holds)
