"""The idle clock, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.net.clocks import IdleClock

if TYPE_CHECKING:
    from trio.testing import MockClock


async def test_it_ends_the_scope_after_idle_seconds(autojump_clock: MockClock) -> None:
    clock = IdleClock(30)
    begun = trio.current_time()
    clock.start()
    with clock.scope:
        await trio.sleep_forever()
    assert clock.scope.cancelled_caught
    assert trio.current_time() - begun == 30


async def test_it_does_not_run_while_a_request_is_under_way(autojump_clock: MockClock) -> None:
    clock = IdleClock(30)
    clock.start()
    assert clock.idle_since == trio.current_time()
    with clock.scope:
        clock.stop()
        assert clock.idle_since is None
        await trio.sleep(1000)
        clock.start()
        await trio.sleep(29)
        clock.end()
        await trio.sleep_forever()
    assert clock.scope.cancelled_caught
    assert clock.idle_since == 1000
