"""What the events of the stream make of the state, and the rows that they add to the log."""

from __future__ import annotations

import msgspec
import pytest

from prox.tui.line_store import LineStore
from prox.tui.records import ProcessRecord, Record, RequestRecord
from prox.tui.state import MAX_REQUESTS, Decoders, UiState, state_text, state_word


def process(name: str = "web", status: str = "running", **more: object) -> ProcessRecord:
    return ProcessRecord(name=name, status=status, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (process(), "● running"),
        (process(status="starting"), "◐ starting"),
        (process(status="starting", waiting_for=("db",)), "◌ waiting"),
        (process(status="stopping"), "◑ stopping"),
        (process(status="stopped"), "○ stopped"),
        (process(status="crashed"), "✕ crashed"),
        (process(health="unhealthy"), "▲ unhealthy"),
        (process(status="stopped", kind="job", exit_code=0), "● done"),
        (process(status="stopped", kind="job"), "○ stopped"),
    ],
)
def test_states_have_a_shape_and_a_word(given: ProcessRecord, text: str) -> None:
    assert state_text(given) == text


def applied(*events: tuple[str, str]) -> UiState:
    state, decoders = UiState(LineStore()), Decoders()
    for name, data in events:
        state.apply(decoders.decode(name, data))
    return state


def changed(**changes: object) -> tuple[str, str]:
    usual = {"name": "web", "status": "running", "pid": 1}
    return "process", msgspec.json.encode(usual | changes).decode()


SNAPSHOT = ("snapshot", '{"status":"running","processes":[{"name":"web","status":"running","pid":1,"new_field":1}]}')


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (changed(pid=2, restarts=1), "── web restarted (pid 2) ──"),
        (changed(status="crashed", pid=0, reason="exited with code 3"), "── web exited with code 3 ──"),
        (changed(status="stopped", pid=0, exit_code=0), "── web exited with code 0 ──"),
        (changed(status="stopped", pid=0), "── web stopped ──"),
        (changed(health="unhealthy"), "── web is unhealthy ──"),
        (changed(health="healthy"), None),
        (changed(ready=True), None),
        (changed(status="stopping"), None),
    ],
)
def test_starts_and_ends_are_rows_of_their_own(event: tuple[str, str], note: str | None) -> None:
    state = applied(SNAPSHOT, event)
    assert [line.text for line in state.store.lines()] == ([note] if note else [])


def test_a_start_is_told_once() -> None:
    begun = ("snapshot", '{"status":"running","processes":[{"name":"web","status":"stopped"}]}')
    state = applied(begun, changed(status="starting", pid=0), changed(status="starting", pid=7), changed(pid=7))
    assert [line.text for line in state.store.lines()] == ["── web started (pid 7) ──"]


def test_a_gap_is_a_row() -> None:
    state = applied(("dropped", '{"count":1204}'), ("dropped", '{"count":1}'))
    assert [line.text for line in state.store.lines()] == ["… 1 204 lines not shown", "… 1 line not shown"]
    assert state.dropped == 1205


def test_a_shutdown_is_known_until_a_new_instance() -> None:
    state = applied(SNAPSHOT, ("shutdown", "{}"))
    assert (state.status, state.shutdown_announced) == ("stopping", True)
    state.apply(Decoders().decode(*SNAPSHOT))
    assert (state.status, state.shutdown_announced) == ("running", False)


def test_problems() -> None:
    state = UiState(LineStore())
    for each in (
        process(),
        process("a", "crashed", reason="exited with code 1"),
        process("b", health="unhealthy"),
        process("c", "starting", waiting_for=("a",), reason="waits for a"),
        process("d", "starting", waiting_for=("web",)),
    ):
        state.processes[each.name] = each
    assert [(each.name, reason) for each, reason in state.problems] == [
        ("a", "exited with code 1"),
        ("b", "unhealthy"),
        ("c", "waits for a"),
    ]
    assert state_word(state.processes["b"]) == "unhealthy"


def test_requests_are_kept_once_and_bounded() -> None:
    state = UiState(LineStore())
    state.add_requests(
        RequestRecord(id=f"{n:07x}", timestamp="", method="GET", url="/") for n in range(MAX_REQUESTS + 5)
    )
    state.add_requests([RequestRecord(id=f"{MAX_REQUESTS + 4:07x}", timestamp="", method="GET", url="/again")])
    assert len(state.requests) == MAX_REQUESTS
    assert [request.url for request in list(state.requests)[-2:]] == ["/", "/again"]


def test_events_are_decoded_by_their_names() -> None:
    decoders = Decoders()
    line = '[{"id":"1","timestamp":"t","process":"web","stream":"stdout","line":"x","level":null,"more":1}]'
    (record,) = decoders.decode("log", line)  # type: ignore[misc]
    assert record == Record(id="1", timestamp="t", process="web", stream="stdout", line="x")
    assert decoders.decode("leftover", "{}") is None
    assert decoders.decode("shutdown", "{}") == "shutdown"
    with pytest.raises(msgspec.DecodeError):
        decoders.decode("log", "{}")
