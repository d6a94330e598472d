"""What a daemon tells whoever started it, and what is shown of its log where it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.cli.daemon import _exit_code, _mentions, _parse, _show_last_lines

if TYPE_CHECKING:
    from pathlib import Path

LOG = """\
10:00:00 web     │ of an earlier start
"""
THIS_START = """\
10:00:01 web     │ hello
10:00:01 web-two │ other \x1b[2J
10:00:02 system  │ web crashed: exited with code 3
prox: web is not ready: exited with code 3
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "prox.log"
    path.write_text(LOG + THIS_START)
    return path


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["web"], ["10:00:01 web     │ hello"]),
        (["web-two"], ["10:00:01 web-two │ other \\x1b[2J"]),
        ([], [line.replace("\x1b", "\\x1b") for line in THIS_START.splitlines()[:-1]]),
        (["silent"], [line.replace("\x1b", "\\x1b") for line in THIS_START.splitlines()[:-1]]),
    ],
)
def test_the_last_lines(log: Path, names: list[str], shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _show_last_lines(log, len(LOG.encode()), "web is not ready: exited with code 3", names)
    assert capsys.readouterr() == ("", "".join(f"{line}\n" for line in shown))


def test_a_log_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _show_last_lines(tmp_path / "prox.log", 0, "x", [])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "names"),
    [
        ("web is not ready: exited with code 3", {"web"}),
        ("not ready after 1 s: web-two, api.v1; see `prox logs`", {"web-two", "api.v1"}),
        ("port 80 is taken by webpack", set()),
    ],
)
def test_of_which_processes_an_error_speaks(error: str, names: set[str]) -> None:
    assert {name for name in ("web", "web-two", "api.v1", "two", "api") if _mentions(error, name)} == names


@pytest.mark.parametrize(("ended", "code"), [(0, 1), (69, 69), (-9, 125)])
def test_the_code_where_it_said_nothing(ended: int, code: int) -> None:
    assert _exit_code(ended) == code


@pytest.mark.parametrize("line", [b"", b"\n", b"[1]\n", b'{"pid": 1', b"\xff"])
def test_what_is_no_message(line: bytes) -> None:
    assert _parse(line) == {}
