"""The state of a process as the API sends it."""

from __future__ import annotations

import msgspec
import pytest

from prox.core.snapshots import Leftover, LeftoverEvent, ProcessSnapshot

SNAPSHOT = ProcessSnapshot(name="api", status="stopped", pid=0, uptime_seconds=0, restarts=0, health="unknown")


def test_a_snapshot_is_json_that_is_read_as_the_same() -> None:
    found = msgspec.json.decode(msgspec.json.encode(SNAPSHOT))
    assert (found["name"], found["down"], found["ready"], found["port"]) == ("api", True, False, None)
    assert msgspec.json.decode(msgspec.json.encode(SNAPSHOT), type=ProcessSnapshot) == SNAPSHOT


@pytest.mark.parametrize("change", [{"status": "asleep"}, {"health": "fine"}, {"kind": "service"}])
def test_a_status_that_is_unknown_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(SNAPSHOT) | change, ProcessSnapshot)


def test_a_snapshot_does_not_change() -> None:
    with pytest.raises(AttributeError):
        SNAPSHOT.pid = 7  # type: ignore[misc]


def test_a_leftover_in_words() -> None:
    leftover = Leftover("api", 7, "python d.py", (80,))
    assert str(leftover) == "api: python d.py (pid 7), holds port 80"
    assert leftover.who == "python d.py (pid 7), holds port 80"


def test_leftovers_are_sent_with_what_they_hold() -> None:
    event = LeftoverEvent((Leftover(None, None, "", (80,)),))
    assert msgspec.json.encode(event) == b'{"left":[{"process":null,"pid":null,"command":"","ports":[80]}]}'
