"""`prox start`, `stop` and `restart`: all are asked at once, and each outcome is named."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from helpers.instance import FakeInstance, process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]


@pytest.fixture
def asked(instance: FakeInstance) -> Callable[[], list[str]]:
    """The requests that are not for the list of processes, of an instance with three."""
    instance.processes(
        process("web", groups=["front"], depends_on=["api"]),
        process("api", groups=["back"], depends_on=["db"]),
        process("db", groups=["back"]),
    )
    return lambda: [request for request in instance.requests if request != "GET /processes"]


def failure(code: str, status: int = 409) -> tuple[int, dict[str, str]]:
    return status, {"error": f"it is {code}", "code": code}


@pytest.mark.parametrize(
    ("command", "done"), [("start", "started"), ("stop", "stopped"), ("restart", "restarted")]
)  # fmt: skip
def test_each_process_is_asked_once(asked: Callable[[], list[str]], ask: Run, command: str, done: str) -> None:
    ran = ask(command, "back", "db", "web")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(ran.stdout.splitlines()) == [f"api {done}", f"db {done}", f"web {done}"]
    assert sorted(asked()) == [f"POST /processes/{name}/{command}" for name in ("api", "db", "web")]


def test_starts_are_made_at_once(instance: FakeInstance, asked: Callable[[], list[str]], ask: Run) -> None:
    both = threading.Barrier(2, timeout=30)

    def start(body: bytes) -> dict[str, object]:
        both.wait()
        return {}

    instance.answers |= {"POST /processes/api/start": start, "POST /processes/db/start": start}
    assert ask("start", "api", "db").returncode == 0


def test_dependents_are_stopped_first(asked: Callable[[], list[str]], ask: Run) -> None:
    assert ask("stop", "db", "web", "api").returncode == 0
    assert asked() == [f"POST /processes/{name}/stop" for name in ("web", "api", "db")]


def test_names_that_are_unknown_are_all_told_and_nothing_is_asked(asked: Callable[[], list[str]], ask: Run) -> None:
    ran = ask("restart", "ap", "db", "x")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "'ap' (did you mean 'api'?)" in ran.stderr
    assert "'x'" in ran.stderr
    assert asked() == []


def test_the_others_are_started_although_one_fails(
    instance: FakeInstance, asked: Callable[[], list[str]], ask: Run
) -> None:
    instance.answers["POST /processes/api/start"] = failure("START_FAILED")
    ran = ask("start", "api", "db")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "db started\n", "prox: it is START_FAILED\n")


@pytest.mark.parametrize(
    ("command", "code", "done"),
    [("start", "PROCESS_ALREADY_RUNNING", "started"), ("stop", "PROCESS_NOT_RUNNING", "stopped")],
)
def test_a_goal_that_is_reached_already_fails_by_name_only(
    instance: FakeInstance, asked: Callable[[], list[str]], ask: Run, command: str, code: str, done: str
) -> None:
    instance.answers[f"POST /processes/db/{command}"] = failure(code)
    assert ask(command, "back").returncode == 0
    ran = ask(command, "db")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"prox: it is {code}\n")


def test_what_is_still_running_after_a_stop_is_named(
    instance: FakeInstance, asked: Callable[[], list[str]], ask: Run
) -> None:
    left = {"process": "db", "pid": 7, "command": "daemon", "ports": []}
    instance.answers["POST /processes/db/stop"] = {"left": [left]}
    ran = ask("stop", "db", "api")
    assert (ran.returncode, ran.stderr) == (70, "prox: still running after the stop: db: daemon (pid 7)\n")
    assert ran.stdout == "api stopped\ndb stopped\n"


def test_a_process_that_is_not_loaded_yet_needs_a_reload(
    instance: FakeInstance, asked: Callable[[], list[str]], ask: Run, folder: Path
) -> None:
    file = folder / "prox.yaml"
    file.write_text("processes: {api: x, new: y, newer: z}")
    file.chmod(0o644)
    instance.answers["GET /status"] |= {"config_file": str(file), "project_dir": str(folder), "config_digest": "old"}
    ran = ask("start", "new")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: new is in prox.yaml but not loaded yet; run `prox reload`\n"
    assert ask("start", "new", "newer").stderr.startswith("prox: new and newer are in prox.yaml but not loaded yet; ")
    assert "no process or group named 'old'" in ask("start", "old").stderr
    hinted = ask("start", "api")
    assert (hinted.returncode, hinted.stdout) == (0, "api started\n")
    assert hinted.stderr == f"prox: {file} has changed since it was loaded; `prox reload` applies it\n"
    assert asked() == ["POST /processes/api/start"]
