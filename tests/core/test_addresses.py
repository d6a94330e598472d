"""Which names and addresses are this machine's own, and which only look so."""

from __future__ import annotations

import pytest

from prox.core.addresses import host_name, in_url, is_loopback, origin_host, plain


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:5555", "localhost"),
        ("localhost.", "localhost"),
        ("localhost:", "localhost"),
        (" 127.0.0.1:5555 ", "127.0.0.1"),
        ("[::1]:5555", "::1"),
        ("[::1]", "::1"),
        ("web_1.test:80", "web_1.test"),
        ("", None),
        (".", None),
        ("[]", None),
        ("::1", None),
        ("[::1", None),
        ("localhost:5555:1", None),
        ("localhost:http", None),
        ("localhost evil.example", None),
        ("localhost@evil.example", None),
        ("localhost/evil.example", None),
        ("localhost\N{FULLWIDTH FULL STOP}evil.example", None),
    ],
)
def test_the_name_in_a_host_header(header: str, host: str | None) -> None:
    assert host_name(header) == host


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("http://localhost:3000", "localhost"),
        ("https://LOCALHOST", "localhost"),
        ("http://[::1]:3000", "::1"),
        ("http://localhost.evil.example", "localhost.evil.example"),
        ("null", None),
        ("", None),
        ("localhost", None),
        ("http://", None),
        ("http://localhost/", None),
        ("http://localhost/x", None),
        ("http://user@localhost", None),
        ("http://localhost http://evil.example", None),
        ("file://localhost", None),
        ("chrome-extension://localhost", None),
        ("//localhost", None),
    ],
)
def test_the_host_of_an_origin(header: str, host: str | None) -> None:
    assert origin_host(header) == host


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1"])
def test_a_loopback_address(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "notlocalhost",
        "localhost.localdomain",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "128.0.0.1",
        "0.0.0.0",
        "::",
        "::2",
        "fe80::1",
        "192.168.0.1",
    ],
)
def test_what_only_looks_like_one(host: str) -> None:
    assert not is_loopback(host)


def test_a_configured_host() -> None:
    assert [plain(host) for host in ("Prox.Test.", "[::1]", "::1")] == ["prox.test", "::1", "::1"]
    assert [in_url(host) for host in ("localhost", "0.0.0.0", "::", "::1")] == [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::1]",
    ]
