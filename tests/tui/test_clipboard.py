"""Copying by the tool of the desktop."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from prox.tui.clipboard import copy_command, copy_with_tool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def tool(folder: Path, name: str) -> Path:
    """Make a tool that writes its input to a pipe, and return the pipe."""
    pipe = folder / f"{name}.copied"
    os.mkfifo(pipe)
    (folder / name).write_text(f"#!/bin/sh\ncat > {pipe}\n")
    (folder / name).chmod(0o755)
    return pipe


def test_without_a_desktop_there_is_no_tool() -> None:
    assert copy_command() is None
    assert not copy_with_tool("text")


@pytest.mark.parametrize(
    ("variable", "name"),
    [("WAYLAND_DISPLAY", "wl-copy"), ("DISPLAY", "xclip"), ("DISPLAY", "xsel"), ("WSL_DISTRO_NAME", "clip.exe")],
)
def test_the_tool_of_the_desktop_gets_the_text(
    variable: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tool(tmp_path, name)
    monkeypatch.setenv(variable, "x")
    command = copy_command()
    assert command
    assert command[0] == name
    assert copy_with_tool("two\nlines é")
    assert pipe.read_text(encoding="utf-8") == "two\nlines é"
    for thread in threading.enumerate():
        if thread.name == "prox copy":
            thread.join()
