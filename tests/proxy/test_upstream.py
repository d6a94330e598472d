"""The pool of connections to upstreams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
import trio.testing

from prox.proxy import upstream
from prox.proxy.upstream import Pool

if TYPE_CHECKING:
    import pytest


async def test_requests_beyond_the_limit_wait_and_none_is_forgotten(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "MAX_CONNECTIONS", 2)
    pool = Pool()
    inside = most = done = 0

    async def use() -> None:
        nonlocal inside, most, done
        await pool.enter()
        inside += 1
        most = max(most, inside)
        await trio.sleep(1)
        inside -= 1
        pool.leave()
        done += 1

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for _ in range(9):
                nursery.start_soon(use)
    assert (most, done) == (2, 9)
