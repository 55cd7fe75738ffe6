"""Compiles the operators: `python -m ops.build`.

Users never run this. The library for a processor takes any g++ or clang++; `--release` also makes
what the installers carry, see `command`.
"""
