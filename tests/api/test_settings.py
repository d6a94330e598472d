"""Who may ask, by what is bound and what is configured."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from prox.api.settings import ApiSettings
from prox.core.config.model import Api

if TYPE_CHECKING:
    from pathlib import Path


def settings(api: Api, bound: str) -> ApiSettings:
    with socket.create_server((bound, 0)) as sock:
        found = ApiSettings.of(api, sock)
        assert found.port == sock.getsockname()[1]
        return found


@pytest.mark.parametrize(
    ("bound", "auth", "needed", "exposed"),
    [
        ("127.0.0.1", None, False, False),
        ("127.0.0.1", True, True, False),
        ("127.0.0.1", False, False, False),
        ("0.0.0.0", None, True, False),
        ("0.0.0.0", True, True, False),
        ("0.0.0.0", False, False, True),
    ],
)
def test_whether_a_token_is_needed(bound: str, auth: bool | None, needed: bool, exposed: bool) -> None:
    found = settings(Api(host=bound, auth=auth), bound)
    assert (found.auth, found.exposed) == (needed, exposed)
    assert bool(found.token) == needed


def test_a_name_counts_as_what_it_stands_for() -> None:
    inside = settings(Api(host="devbox"), "127.0.0.1")
    assert (inside.auth, inside.exposed) == (False, False)
    outside = settings(Api(host="localhost", auth=False), "0.0.0.0")
    assert outside.exposed


def test_the_token_is_made_once_and_is_not_shown(home: Path) -> None:
    first = settings(Api(auth=True), "127.0.0.1")
    assert settings(Api(auth=True), "127.0.0.1").token == first.token
    assert (home / ".prox" / "token").read_text().strip() == first.token
    assert first.token
    assert first.token not in repr(first)


def test_authentication_needs_a_token() -> None:
    with pytest.raises(ValueError, match="needs a token"):
        ApiSettings(host="127.0.0.1", port=1, auth=True)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("localhost", "http://localhost:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
    ],
)
def test_where_a_client_finds_it(host: str, url: str) -> None:
    assert ApiSettings(host=host, port=1, auth=False).url == url
