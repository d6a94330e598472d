"""`prox up`: what is refused before anything starts, and how whoever waits for it is told."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from helpers.config import config_of
from prox.cli.up import refuse_terminals
from prox.core.errors import NotYet
from prox.instance.folder import InstanceFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_starts(folder: Path) -> Iterator[None]:
    """Fail a test in which a process was started."""
    write(folder, "processes: {web: touch started}")
    yield
    assert not (folder / "started").exists()


def write(folder: Path, text: str) -> None:
    (folder / "prox.yaml").write_text(text)
    (folder / "prox.yaml").chmod(0o644)


def test_processes_and_jobs_with_a_terminal_are_refused() -> None:
    refuse_terminals(config_of("processes: {web: x}\njobs: {test: x}"))
    with pytest.raises(NotYet, match=r"^processes\.web\.tty is not in this version"):
        refuse_terminals(config_of("processes: {web: {cmd: x, tty: true}}"))
    with pytest.raises(NotYet, match=r"^jobs\.test\.tty is not in this version"):
        refuse_terminals(config_of("jobs: {test: {cmd: x, tty: true}}"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--wait-timeout 5s", "--wait-timeout needs --wait"),
        ("--keep", "--keep needs --wait"),
        ("--wait --wait-timeout soon", "invalid value for '--wait-timeout'"),
        ("--http-port 65536", "invalid value for '--http-port'"),
        ("--lifeline 99999", "not an open file descriptor"),
        ("wbe", "no process or group named 'wbe' (did you mean 'web'?)"),
        ("-d wbe", "no process or group named 'wbe' (did you mean 'web'?)"),
        ("--tui -d", "--tui does not go with --detach"),
        ("--tui --lifeline 0", "--tui does not go with --lifeline"),
        ("--accessible", "--accessible needs --tui"),
    ],
)
def test_what_is_refused(prox: Run, folder: Path, arguments: str, message: str) -> None:
    ran = prox("up", *arguments.split())
    assert (ran.returncode, ran.stdout) == (64, "")
    assert message in ran.stderr
    assert os.listdir(folder) == ["prox.yaml"]


@pytest.mark.parametrize("options", [(), ("-d",)])
def test_a_second_instance_is_refused_before_its_file_is_read(
    prox: Run, folder: Path, options: tuple[str, ...]
) -> None:
    write(folder, "{")
    with InstanceFolder(folder / ".prox"):
        ran = prox("up", *options)
    assert (ran.returncode, ran.stdout) == (73, "")
    assert ran.stderr == f"prox is already running (pid {os.getpid()})\n"


@pytest.mark.parametrize(
    ("text", "arguments", "code", "error"),
    [
        ("processes: {web: {cmd: x, prot: 80}}", [], 78, "prox.yaml:1:27: processes.web.prot: is an unknown key"),
        ("processes: {web: touch started}", ["api"], 64, "no process or group named 'api'"),
    ],
)
def test_a_failure_is_told_to_whoever_waits(
    prox: Run, folder: Path, text: str, arguments: list[str], code: int, error: str
) -> None:
    write(folder, text)
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    with open(ours, "rb") as reading:
        with open(theirs, "wb"):
            assert prox("up", f"--ready-fd={theirs}", *arguments).returncode == code
            # The processes that it starts are not to hold it open.
            assert not os.get_inheritable(theirs)
        told = json.loads(reading.read())
    assert told["code"] == code
    assert told["error"].startswith(error)


def test_a_failure_is_the_same_where_nobody_waits_any_more(prox: Run) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with open(theirs, "wb"):
        ran = prox("up", f"--ready-fd={theirs}", "api")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "no process or group named 'api'" in ran.stderr
