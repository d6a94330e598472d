"""JSON out of frozen types."""

from __future__ import annotations

import json

from msgspec import UNSET, Struct, UnsetType

from prox.api.responses import Success, encode, json_response


class Place(Struct):
    path: str
    inside: dict[str, list[str]]
    missing: str | UnsetType = UNSET


async def test_an_answer() -> None:
    response = json_response(Success(), 201)
    assert (response.status_code, response.content_type) == (201, "application/json")
    assert await response.get_data() == b'{"success":true}'


def test_what_is_no_unicode_is_shown() -> None:
    # As Python has the name of a file whose bytes are not UTF-8.
    encoded = encode(Place("/caf\udce9", {"\udcff": ["é", "\ud800"]}))
    assert json.loads(encoded) == {"path": "/caf\ufffd", "inside": {"\ufffd": ["é", "\ufffd"]}}
    assert encode("é") == '"é"'.encode()
