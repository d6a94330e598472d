"""Access of browsers to an API that requires a token: tickets that work once, and the sessions they open.

A browser cannot send the token with a page or an event stream. `prox open` gets a ticket with the token, and opens a
link with it; the response sets a cookie. Tickets and sessions are in memory and end with the instance.
"""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

import trio

TICKET_SECONDS = 60.0
"""How long a ticket may be used."""
MAX_TICKETS = 100
"""Unused tickets; the oldest is dropped."""
MAX_SESSIONS = 1000


class Sessions:
    """The tickets and sessions of one instance. Cookies know no ports (RFC 6265 §8.5), so the name has its id."""

    def __init__(self, instance: str) -> None:
        self.cookie = f"prox_{instance}"
        self._tickets: dict[str, float] = {}
        self._sessions: dict[str, None] = {}

    def new_ticket(self) -> str:
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = trio.current_time() + TICKET_SECONDS
        while len(self._tickets) > MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return ticket

    def open(self, ticket: str) -> str | None:
        """Use up a ticket and return the Set-Cookie value of a new session; None if the ticket is not valid."""
        found = next((each for each in self._tickets if _equal(each, ticket)), None)
        if found is None or self._tickets.pop(found) < trio.current_time():
            return None
        session = secrets.token_urlsafe(32)
        self._sessions[session] = None
        while len(self._sessions) > MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return f"{self.cookie}={session}; HttpOnly; SameSite=Strict; Path=/"

    def is_open(self, cookies: str) -> bool:
        """Return whether a Cookie header has the cookie of an open session."""
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and any(_equal(each, found.value) for each in self._sessions)


def _equal(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))
