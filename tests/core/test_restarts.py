"""Restart decisions: policies, backoff, giving up, beginning to count anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.config.model import Restart
from prox.core.restarts import End, GiveUp, RetryAfter, after_end

FAILED, DONE = End(failed=True), End(failed=False)


@pytest.mark.parametrize(
    ("policy", "end", "restarted"),
    [
        ("no", FAILED, False), ("no", DONE, False), ("on-failure", FAILED, True), ("on-failure", DONE, False),
        ("always", FAILED, True), ("always", DONE, True), ("unhealthy", FAILED, True), ("unhealthy", DONE, False),
    ],
)  # fmt: skip
def test_policies(policy: str, end: End, restarted: bool) -> None:
    decision = after_end(Restart(policy=policy), end, 0, chance=0)  # type: ignore[arg-type]
    assert (decision is not None) == restarted


def test_the_delay_doubles_up_to_its_limit_and_then_it_is_given_up() -> None:
    policy = Restart(policy="always", max=6, backoff=0.5, max_backoff=5.0)
    restarts, delays = 0, []
    while isinstance(decision := after_end(policy, FAILED, restarts, chance=0), RetryAfter):
        delays.append(decision.delay)
        restarts = decision.count
    assert delays == [0.5, 1, 2, 4, 5, 5]
    assert decision == GiveUp(6)


def test_count_resets_after_it_was_ready_for_long_enough() -> None:
    policy = Restart(policy="always", max=3, reset_after=10.0)
    assert after_end(policy, End(failed=True, ready_for=9.9), 3, chance=0) == GiveUp(3)
    assert after_end(policy, End(failed=True, ready_for=10.0), 3, chance=0) == RetryAfter(0.5, 1)
    # A process that was never ready does not begin anew, though `reset_after: 0s`.
    assert after_end(Restart(policy="always", max=1, reset_after=0.0), FAILED, 1, chance=0) == GiveUp(1)


def test_max_0_is_no_restart() -> None:
    assert after_end(Restart(policy="always", max=0), FAILED, 0, chance=0) == GiveUp(0)


@given(st.floats(0, 10), st.floats(0, 1000), st.integers(0, 10_000), st.floats(0, 1))
def test_the_delay_is_between_its_limits(backoff: float, more: float, restarts: int, chance: float) -> None:
    policy = Restart(policy="always", max=20_000, backoff=backoff, max_backoff=backoff + more)
    decision = after_end(policy, FAILED, restarts, chance=chance)
    assert isinstance(decision, RetryAfter)
    assert backoff <= decision.delay <= backoff + more
