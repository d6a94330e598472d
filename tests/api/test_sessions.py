"""Tickets work once and for a minute; sessions have the cookie that they gave."""

from __future__ import annotations

import re

import pytest
import trio
import trio.testing

from prox.api import sessions as module
from prox.api.sessions import TICKET_SECONDS, Sessions


def cookie(set_cookie: str) -> str:
    return set_cookie.partition(";")[0]


async def test_a_ticket_opens_one_session() -> None:
    sessions = Sessions("abc")
    ticket = sessions.new_ticket()
    given = sessions.open(ticket)
    assert given
    assert re.fullmatch(r"prox_abc=[\w-]{43}; HttpOnly; SameSite=Strict; Path=/", given)
    assert sessions.open(ticket) is None
    assert sessions.is_open(cookie(given))
    assert sessions.is_open(f"other=1; {cookie(given)}; more=2")


async def test_a_ticket_ends_after_a_minute(autojump_clock: trio.testing.MockClock) -> None:
    sessions = Sessions("abc")
    early, late = sessions.new_ticket(), sessions.new_ticket()
    await trio.sleep(TICKET_SECONDS - 1)
    assert sessions.open(early)
    await trio.sleep(2)
    assert sessions.open(late) is None


@pytest.mark.parametrize(
    "cookies", ["", "prox_abc=", "prox_abc=wrong", "prox_abc=é", "x=y", ";;==", "prox_abd={session}"]
)
async def test_other_cookies_open_nothing(cookies: str) -> None:
    sessions = Sessions("abc")
    given = sessions.open(sessions.new_ticket())
    assert given
    assert not sessions.is_open(cookies.replace("{session}", cookie(given).partition("=")[2]))
    assert sessions.open("wrong") is None


async def test_both_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TICKETS", 2)
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    sessions = Sessions("abc")
    tickets = [sessions.new_ticket() for _ in range(3)]
    assert [sessions.open(ticket) is None for ticket in tickets] == [True, False, False]
    given = [sessions.open(sessions.new_ticket()) for _ in range(3)]
    assert [sessions.is_open(cookie(each or "")) for each in given] == [False, True, True]
