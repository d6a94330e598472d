"""``POST /tickets``: only for those who have access already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.instance.token import load_token

if TYPE_CHECKING:
    from conftest import Api, Serve


async def test_a_ticket_needs_the_token(serve: Serve) -> None:
    async with serve(settings="auth: true") as api:
        assert (await api.error("POST", "/tickets"))[:2] == (401, "UNAUTHORIZED")
        answer = await api.ask("POST", "/tickets", {"Authorization": f"Bearer {load_token()}"})
        assert answer.status == 200
        assert answer.json().keys() == {"ticket", "expires_in"}
        assert answer.json()["expires_in"] == 60


async def test_a_page_of_another_site_gets_none(api: Api) -> None:
    assert (await api.error("POST", "/tickets", {"Origin": "https://evil.example"}))[:2] == (403, "FORBIDDEN_ORIGIN")
