"""HTTP Archives and curl commands."""

from __future__ import annotations

import pytest

from helpers.exchanges import exchange
from prox.core.har import HIDDEN, har


def archive(**changes: object) -> dict[str, object]:
    fields = [(b"Cookie", b"a=b"), (b"Content-Type", b"text/x"), (b"authorization", b"secret")]
    one = exchange(request_fields=fields, response_fields=[(b"Set-Cookie", b"c=d"), (b"Location", b"/y")], **changes)
    return har([(one, ("hi", False), ("AAE=", True))], version="1", secrets=False)


def test_what_importers_require() -> None:
    """HAR 1.2: Chrome refuses an archive in which one of these is missing."""
    log = archive()["log"]
    assert isinstance(log, dict)
    assert (log["version"], log["creator"]) == ("1.2", {"name": "prox", "version": "1"})
    (entry,) = log["entries"]
    assert entry["startedDateTime"].endswith("Z")
    assert entry["time"] == 12.5 == sum(part for part in entry["timings"].values() if part > 0)
    assert {"send", "wait", "receive"} <= entry["timings"].keys()
    assert entry["cache"] == {}
    request, response = entry["request"], entry["response"]
    for side in (request, response):
        assert {"httpVersion", "cookies", "headers", "headersSize", "bodySize"} <= side.keys()
    assert (request["method"], request["url"]) == ("GET", "http://api.localhost:1/x?y")
    assert request["queryString"] == [{"name": "y", "value": ""}]
    assert request["postData"] == {"mimeType": "text/x", "text": "hi", "params": []}
    assert (response["status"], response["redirectURL"]) == (200, "/y")
    assert response["content"] == {"size": 5, "mimeType": "x-unknown", "text": "AAE=", "encoding": "base64"}


def test_secrets_are_hidden() -> None:
    text = str(archive())
    assert HIDDEN in text
    assert "a=b" not in text
    assert "c=d" not in text
    assert "'secret'" not in text


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("//[x?u", [("u", "")]),
        ("/?" + "&".join(f"a{n}=1" for n in range(1100)), [(f"a{n}", "1") for n in range(1100)]),
        ("/x?a=%ff&b=c=d;e#f", [("a", "\N{REPLACEMENT CHARACTER}"), ("b", "c=d;e")]),
    ],
    ids=["an address that is none", "many fields", "odd characters"],
)
def test_any_query(url: str, query: list[tuple[str, str]]) -> None:
    log = archive(url=url)["log"]
    assert isinstance(log, dict)
    assert log["entries"][0]["request"]["queryString"] == [{"name": name, "value": value} for name, value in query]
