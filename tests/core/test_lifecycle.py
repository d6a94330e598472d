"""The table of a process's life: every (phase, due, event), the statuses, and the invariants."""

from __future__ import annotations

import itertools
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.errors import AlreadyRunning, NotRunning
from prox.core.lifecycle import TABLE, Command, Exit, InvalidTransition, Life, Phase, Row, signal_name, step
from prox.core.lifecycle import LifecycleEvent as Event

STATES = [
    (Phase.DOWN, False),
    (Phase.WAITING, True),
    (Phase.PENDING, True),
    (Phase.UP, True),
    (Phase.ENDING, False),
    (Phase.ENDING, True),
    (Phase.SWEEPING, False),
    (Phase.SWEEPING, True),
    (Phase.BACKOFF, True),
]
EXPLAINED = (Event.SPAWN_FAILED, Event.FAILED, Event.DOOMED, Event.RETRY_LATER, Event.GIVEN_UP)
"""Events that carry a reason."""
WISHES = (Event.START, Event.STOP, Event.RESTART)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, Event)))
def test_each_row(state: tuple[Phase, bool], event: Event) -> None:
    life = Life(phase=state[0], due=state[1])
    row = TABLE.get((*state, event))
    if row is None:
        assert event not in WISHES, "whatever a person may ask for has an answer"
        with pytest.raises(InvalidTransition):
            step(life, event)
    elif not isinstance(row, Row):
        assert event in WISHES
        with pytest.raises(row):
            step(life, event)
    else:
        moved, command = step(life, event, exit=Exit(code=0))
        assert (moved.phase, moved.due) == (row.phase, row.due)
        assert (moved.phase, moved.due) in STATES
        assert command is row.command
        # A spawn is asked for exactly when a process becomes pending; an end only of what is there.
        assert (command is Command.SPAWN) == (moved.phase is Phase.PENDING and life.phase is not Phase.PENDING)
        if command is Command.END:
            assert life.phase in (Phase.PENDING, Phase.UP, Phase.BACKOFF)


def test_the_table_holds_no_other_states() -> None:
    assert {(phase, due) for phase, due, _ in TABLE} == set(STATES)


def run(*events: Event | tuple[Event, Exit]) -> Life:
    life = Life()
    for event in events:
        name, exit = event if isinstance(event, tuple) else (event, None)
        life, _ = step(life, name, exit=exit, reason="the reason" if name in EXPLAINED else None)
    return life


UP = (Event.START, Event.RELEASED, Event.SPAWNED)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "stopped"),
        ((Event.START,), "starting"),
        (UP, "running"),
        ((*UP, Event.STOP), "stopping"),
        ((*UP, Event.RESTART), "stopping"),
        ((*UP, (Event.EXITED, Exit(code=0))), "stopped"),
        ((*UP, (Event.EXITED, Exit(code=3))), "crashed"),
        ((*UP, (Event.EXITED, Exit(signal="SIGSEGV")), Event.GONE), "crashed"),
        ((*UP, (Event.EXITED, Exit(code=3)), Event.START), "starting"),
        ((*UP, Event.STOP, (Event.EXITED, Exit(signal="SIGTERM")), Event.GONE), "stopped"),
        ((*UP, Event.STOP, (Event.EXITED, Exit(code=3)), Event.GONE), "stopped"),
        (
            (
                *UP,
                Event.STOP,
                Event.START,
                (Event.EXITED, Exit(code=0)),
                Event.GONE,
            ),
            "starting",
        ),
        ((Event.START, Event.RELEASED, (Event.SPAWN_FAILED, Exit(code=127))), "crashed"),
        ((Event.START, Event.RELEASED), "starting"),
        ((Event.START, Event.DOOMED), "crashed"),
        ((*UP, Event.FAILED), "stopping"),
        ((*UP, Event.FAILED, (Event.EXITED, Exit(code=0)), Event.GONE), "crashed"),
        ((Event.START, Event.STOP), "stopped"),
    ],
)
def test_status(events: tuple[Event, ...], status: str) -> None:
    assert run(*events).status == status


def test_a_crash_keeps_its_reason_until_the_next_start() -> None:
    crashed = run(*UP, (Event.EXITED, Exit(signal="SIGSEGV")), Event.GONE)
    assert (crashed.reason, crashed.last_exit) == ("ended by SIGSEGV", Exit(signal="SIGSEGV"))
    again, _ = step(crashed, Event.START)
    again, _ = step(again, Event.RELEASED)
    again, _ = step(again, Event.SPAWNED)
    assert (again.reason, again.crashed, again.spawns) == (None, False, 2)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ((), False),
        ((Event.START,), True),
        ((Event.START, Event.RELEASED, (Event.SPAWN_FAILED, Exit(code=127))), True),
        ((Event.START, Event.DOOMED), True),
        ((*UP, (Event.EXITED, Exit(code=3)), Event.GONE), True),
        ((*UP, Event.STOP, (Event.EXITED, Exit(code=0)), Event.GONE), False),
        ((*UP, Event.STOP, Event.RESTART), True),
        ((*UP, Event.RESTART, Event.STOP), False),
    ],
)
def test_wanted_is_what_a_person_asked_for_last(events: tuple[Event, ...], wanted: bool) -> None:
    assert run(*events).wanted is wanted


def test_a_failed_spawn_is_an_end_but_no_start() -> None:
    life = run(Event.START, Event.RELEASED, (Event.SPAWN_FAILED, Exit(code=127)))
    assert (life.spawns, life.attempts, life.reason, life.last_exit) == (0, 1, "the reason", Exit(code=127))


@given(
    st.lists(st.tuples(st.sampled_from(Event), st.sampled_from([Exit(code=0), Exit(code=1), Exit(signal="SIGKILL")])))
)
def test_any_sequence_keeps_the_invariants(events: list[tuple[Event, Exit]]) -> None:
    """One incarnation at the most, no status without its process, refusals change nothing."""
    life, incarnations, spawns = Life(), 0, 0
    for event, exit in events:
        before = life
        try:
            life, _ = step(life, event, exit=exit, reason="why" if event in EXPLAINED else None)
        except (AlreadyRunning, NotRunning):
            assert event in WISHES
            assert life is before
            continue
        except InvalidTransition:
            assert event not in WISHES
            assert life is before
            continue
        incarnations += (event is Event.SPAWNED) - (event is Event.GONE)
        spawns += event is Event.SPAWNED
        assert incarnations in (0, 1)
        assert life.exists == bool(incarnations)
        assert life.spawns == spawns <= life.attempts
        if life.status in ("running", "stopping"):
            assert incarnations == 1
        if life.phase is Phase.DOWN:
            assert not life.due
        if life.status == "crashed":
            assert life.reason


def test_exit_of_a_return_code() -> None:
    assert Exit.of(0) == Exit(code=0)
    assert Exit.of(-signal.SIGKILL) == Exit(signal="SIGKILL")
    assert (Exit(code=0).failed, Exit(code=1).failed, Exit(signal="SIGTERM").failed) == (False, True, True)


def test_names_of_signals_without_a_name() -> None:
    assert signal_name(15) == "SIGTERM"
    assert signal_name(signal.SIGRTMIN + 3) == "SIGRTMIN+3"
    assert signal_name(32) == "signal 32"
