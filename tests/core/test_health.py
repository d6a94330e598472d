"""Health verdicts: results that count, their timing, and the kept output of a check."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.config.model import HealthCheck
from prox.core.health import (
    UNKNOWN,
    CheckResult,
    HealthState,
    after_check,
    next_delay,
    with_status_text,
)
from prox.core.text import MAX_OUTPUT, one_line, printable

CHECK = HealthCheck(tcp=True, interval=10, retries=3, start_period=30, start_interval=0.5)
OK, BAD = CheckResult(True, "fine"), CheckResult(False, "refused")


def verdicts(*checks: tuple[float, CheckResult], check: HealthCheck = CHECK) -> HealthState:
    """Return the state after checks that began so many seconds after the spawn."""
    return reduce(
        lambda state, each: after_check(state, check, each[1], at=1000 + each[0], elapsed=each[0]), checks, UNKNOWN
    )


def test_failures_in_the_start_period_do_not_count() -> None:
    state = verdicts((0, BAD), (0.5, BAD), (1, BAD), (29.9, BAD))
    assert state == HealthState("unknown", 0, 1029.9, "refused", (("refused", 4),))


def test_failures_after_the_start_period_count_until_they_are_enough() -> None:
    state = verdicts((29, BAD), (30, BAD), (40, BAD))
    assert (state.health, state.consecutive_failures) == ("unknown", 2)
    state = after_check(state, CHECK, BAD, at=1050, elapsed=50)
    assert (state.health, state.consecutive_failures) == ("unhealthy", 3)


def test_the_first_success_ends_the_start_period() -> None:
    assert verdicts((1, OK)) == HealthState("healthy", 0, 1001, "fine", (("fine", 1),))
    state = verdicts((1, OK), (11, BAD), (21, BAD))
    assert (state.health, state.consecutive_failures) == ("healthy", 2)
    state = verdicts((1, OK), (11, BAD), (21, BAD), (22, BAD))
    assert (state.health, state.consecutive_failures) == ("unhealthy", 3)


def test_only_failures_in_a_row_count() -> None:
    state = verdicts((1, OK), (11, BAD), (21, BAD), (31, OK), (41, BAD), (51, BAD))
    assert (state.health, state.consecutive_failures) == ("healthy", 2)


def test_a_success_heals_and_failures_go_on_counting() -> None:
    state = verdicts((30, BAD), (40, BAD), (50, BAD), (60, BAD))
    assert (state.health, state.consecutive_failures) == ("unhealthy", 4)
    assert after_check(state, CHECK, OK, at=0, elapsed=70).health == "healthy"


def test_one_failure_is_enough_where_retries_is_one() -> None:
    check = HealthCheck(tcp=True, retries=1, start_period=0)
    assert verdicts((10, BAD), check=check).health == "unhealthy"


def test_what_was_told_is_shown_and_counts_for_nothing() -> None:
    state = verdicts((30, BAD))
    assert with_status_text(state, "loading\x07") == HealthState("unknown", 1, 1030, "loading\ufffd", (("refused", 1),))


@pytest.mark.parametrize(
    ("state", "elapsed", "delay"),
    [
        (UNKNOWN, 0, 0),
        (verdicts((0, BAD)), 0.1, 0.5),
        (verdicts((29.8, BAD)), 29.9, 0.5),
        (verdicts((30.3, BAD)), 30.3, 10),
        (verdicts((1, OK)), 1, 10),
        (verdicts((30, BAD), (40, BAD), (50, BAD)), 50, 10),
    ],
)
def test_when_to_look_again(state: HealthState, elapsed: float, delay: float) -> None:
    assert next_delay(state, CHECK, elapsed=elapsed) == delay


def test_without_a_start_period_the_first_check_is_not_wasted_on_a_process_that_was_just_spawned() -> None:
    assert next_delay(UNKNOWN, HealthCheck(tcp=True, start_period=0, interval=7), elapsed=0) == 7


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m text\r\n", "red text"),
        ("\x1b]0;title\x07after", "after"),
        ("10%\r100%", "10%\n100%"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x9b31mx\x00\u202ey\udcff", "x\ufffd\ufffdy\ufffd"),
        ("é日本", "é日本"),
    ],
)
def test_output_is_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_end_of_long_output_is_kept() -> None:
    kept = printable("first\n" + "é" * MAX_OUTPUT + "!")
    assert kept.endswith("é!")
    assert MAX_OUTPUT - 4 < len(kept.encode()) <= MAX_OUTPUT


@given(st.text(st.characters(), max_size=50), st.integers(1, 500))
def test_no_output_drives_a_terminal(text: str, times: int) -> None:
    shown = printable(text * times)
    assert len(shown.encode()) <= MAX_OUTPUT
    assert all(char in "\n\t" or not (ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0) for char in shown)


def test_one_line() -> None:
    assert one_line("exit code 4: one\n\n  two \n") == "exit code 4: one; two"
    assert one_line("x" * 300) == "x" * 300
    assert one_line("x" * 301) == "x" * 299 + "…"
