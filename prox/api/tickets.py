"""``/tickets``: access for a browser, given to a client that has the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from quart import Blueprint, Response

from prox.api.openapi import describe
from prox.api.responses import json_response
from prox.api.sessions import TICKET_SECONDS

if TYPE_CHECKING:
    from prox.api.sessions import Sessions


class Ticket(Struct, frozen=True):
    """A ticket. `/?ticket=TICKET` turns it into a cookie, once."""

    ticket: str
    expires_in: int
    """Seconds."""


def routes(sessions: Sessions) -> Blueprint:
    blueprint = Blueprint("tickets", __name__)

    @blueprint.post("/tickets")
    @describe(Ticket)
    async def create_ticket() -> Response:
        """Return a ticket that opens the dashboard in a browser, once and for 60 s."""
        return json_response(Ticket(sessions.new_ticket(), int(TICKET_SECONDS)))

    return blueprint
