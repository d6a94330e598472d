"""The acceptor's notices. Its limits are tested through the API (tests/api/test_server_connections.py)."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import trio

from prox.net.acceptor import QUIET_SECONDS, OnceNotice

if TYPE_CHECKING:
    from trio.testing import MockClock


async def test_a_notice_is_given_once(autojump_clock: MockClock) -> None:
    given: list[str] = []
    notice = OnceNotice(given.append)
    short = os.strerror(errno.EMFILE)
    for _ in range(3):
        notice.begins(short)
    notice.is_over("over")
    notice.is_over("over")
    # It comes and goes.
    notice.begins(short)
    notice.is_over("over")
    assert given == [short, "over"]
    await trio.sleep(QUIET_SECONDS)
    notice.begins(short)
    assert given == [short, "over", short]
