"""Addresses, and to which of them a token may go."""

from __future__ import annotations

import pytest

from prox.client.target import Target, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:5555", ("127.0.0.1", 5555)),
        ("http://localhost:5555/", ("localhost", 5555)),
        ("http://[::1]:5555/api/v1", ("::1", 5555)),
        ("http://example.org", ("example.org", 80)),
    ],
)
def test_addresses(url: str, address: tuple[str, int]) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:5555",
        "localhost:5555",
        "https://localhost:5555",
        "http://",
        "http://:5555",
        "http://localhost:port",
        "http://localhost:99999",
        "http://[::1",
        "http://user:secret@localhost:5555",
        "http://localhost:5555/other",
        "http://localhost:5555/?x",
        "http://local host:5555",
        "http://local\x1bhost:5555",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="the format is") as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_where_a_token_may_go() -> None:
    named = Target(host="localhost", port=1)
    assert [named.may_have_token(peer) for peer in ("127.0.0.1", "127.9.9.9", "::1")] == [True] * 3
    assert [named.may_have_token(peer) for peer in ("10.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "x")] == [False] * 4
    assert Target(host="x", port=1, token_for_anyone=True).may_have_token("10.0.0.1")


def test_urls() -> None:
    assert Target(host="::1", port=1).url == "http://[::1]:1"
    assert Target(host="localhost", port=1).url == "http://localhost:1"
