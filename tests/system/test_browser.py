"""Which command opens a page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from prox.system import browser
from prox.system.browser import browser_command, open_browser

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:1/#/logs"


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


def program(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_without_a_desktop_there_is_no_browser() -> None:
    assert browser_command(URL) is None
    assert open_browser(URL) is False


def test_a_desktop_has_its_own_opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert browser_command(URL) is None
    program(tmp_path, "xdg-open")
    assert browser_command(URL) == [str(tmp_path / "xdg-open"), URL]
    monkeypatch.setattr(browser.sys, "platform", "darwin")
    assert browser_command(URL) == ["open", URL]


@pytest.mark.parametrize(
    ("chosen", "command"),
    [
        ("mine", ["mine", URL]),
        ("mine --new '%s' x", ["mine", "--new", URL, "x"]),
        ("mine:other", ["mine", URL]),
        ("missing", None),
        ("''", None),
    ],
)
def test_the_variable_comes_first(
    chosen: str, command: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "mine")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", chosen)
    assert browser_command(URL) == command


def test_a_browser_that_cannot_be_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_bytes(b"\x7fELF nothing")
    (tmp_path / "mine").chmod(0o755)
    monkeypatch.setenv("BROWSER", str(tmp_path / "mine"))
    assert open_browser(URL) is False
