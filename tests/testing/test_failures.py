"""Reports about processes that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prox.testing.failures import describe_events, explain_start


def process(name: str, *, depends_on: tuple[str, ...] = (), ready: bool = True, **rest: Any) -> dict[str, Any]:
    usual = {
        "name": name, "kind": "process", "status": "running" if ready else "crashed", "health": "unknown",
        "ready": ready, "ready_seconds": 1.25 if ready else None, "depends_on": list(depends_on), "port": None,
        "cmd": f"./{name}",
    }  # fmt: skip
    return usual | rest


def explained(
    failed: dict[str, Any], failed_dependency: dict[str, Any] | None = None, *others: dict[str, Any]
) -> list[str]:
    return explain_start(
        failed,
        failed_dependency,
        "exited with code 3",
        others={each["name"]: each for each in (failed, *others)},
        lines={failed["name"]: ["last", "words"]},
        project=Path("/home/me/my shop"),
        log_path=Path("/logs/api.log"),
    ).splitlines()


def test_the_chain_names_each_needed_process_with_its_state() -> None:
    db, migrate = process("db", health="healthy"), process("migrate", kind="job", depends_on=("db",))
    cache = process("cache", ready_seconds=None)
    failed = process("api", depends_on=("db", "migrate", "cache"), ready=False)
    lines = explained(failed, None, db, migrate, cache)
    assert lines[0] == "api is not ready: exited with code 3"
    chain = lines[1].strip().split(" → ")
    assert chain[0] == "db healthy 1.2 s"
    assert set(chain[1:3]) == {"migrate ok 1.2 s", "cache started"}
    assert chain[3] == "api NOT READY (crashed, unknown)"


def test_last_lines_log_and_commands_to_try_are_there() -> None:
    lines = explained(process("api", ready=False, port=20123, listens_on=[]))
    assert lines[2:6] == ["  last lines of api:", "    last", "    words", "  log: /logs/api.log"]
    assert lines[6] == "  try it by hand: cd '/home/me/my shop' && PORT=20123 prox exec api -- sh -c ./api"
    assert lines[7] == "  or with its dependencies: cd '/home/me/my shop' && prox up api"


def test_the_command_to_try_is_that_of_the_failed_dependency() -> None:
    failed_dependency = process("db", ready=False)
    lines = explained(process("api", depends_on=("db",), ready=False), failed_dependency, failed_dependency)
    assert any("prox exec db -- sh -c ./db" in line for line in lines)
    assert any(line.endswith("prox up api") for line in lines)


def test_a_port_that_is_not_its_own_is_named() -> None:
    lines = explained(process("api", ready=False, port=20123, listens_on=[8000, 8001]))
    assert "  it listens on ports 8000, 8001, not on its own port 20123 (the variable PORT)" in lines


def test_results_of_checks_are_counted() -> None:
    lines = explained(process("api", ready=False, check_results={"refused": 5, "status 503": 1}))
    assert "  health checks: 5 × refused, 1 × status 503" in lines


def test_events_have_their_time_since_the_test_began() -> None:
    history = [{"timestamp": at, "event": f"event {at}"} for at in range(100, 130)]
    lines = describe_events(history, 110.5, float)
    assert len(lines) == 20
    assert lines[0] == "   -0.50 s  event 110"
    assert lines[-1] == "  +18.50 s  event 129"
