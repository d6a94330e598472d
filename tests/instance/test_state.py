"""The state of an instance, as files hold it: what is written is read, and what makes no sense is none."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from prox.instance.state import InstanceState, decode_state, state_of

STATE = InstanceState(
    pid=7,
    port=5555,
    host="127.0.0.1",
    started_at="1970-01-01T00:00:01.500Z",
    config_file="/p/prox.yaml",
    instance="0123456789-ab12",
)


@pytest.mark.parametrize("state", [STATE, replace(STATE, config_file=None), replace(STATE, host="fe80::1%eth0")])
def test_what_is_written_is_read_as_the_same(state: InstanceState) -> None:
    text = state.encode()
    assert text.endswith(b"}\n")
    assert text.count(b"\n") == 1
    assert decode_state(text) == state


@pytest.mark.parametrize("text", [None, b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"pid": 1}', b"[" * 50_000])
def test_what_is_no_state_is_none(text: bytes | None) -> None:
    assert decode_state(text) is None


@pytest.mark.parametrize(
    "change",
    [
        {"pid": 0},
        {"pid": -1},
        {"pid": "7"},
        {"port": 0},
        {"port": 65536},
        {"port": "5555"},
        {"host": ""},
        {"host": "a b"},
        {"host": "x\r\nHost: y"},
        {"host": "x" * 256},
        {"instance": ""},
        {"instance": "a\nb"},
        {"instance": "a" * 65},
        {"config_file": 3},
        {"started_at": 12},
    ],
)
def test_a_value_that_makes_no_sense_makes_it_none(change: dict[str, Any]) -> None:
    assert state_of(asdict(STATE) | change) is None


@pytest.mark.parametrize("name", [*asdict(STATE)])
def test_every_field_is_needed_and_further_ones_are_ignored(name: str) -> None:
    found = asdict(STATE) | {"of_a_later_version": 1}
    assert decode_state(json.dumps(found).encode()) == STATE
    del found[name]
    assert state_of(found) is None


@pytest.mark.parametrize(
    ("host", "reachable", "url"),
    [
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1:5555"),
        ("0.0.0.0", "127.0.0.1", "http://127.0.0.1:5555"),
        ("::", "::1", "http://[::1]:5555"),
        ("::1", "::1", "http://[::1]:5555"),
    ],
)
def test_the_address_to_connect_to(host: str, reachable: str, url: str) -> None:
    state = replace(STATE, host=host)
    assert state.reachable_host == reachable
    assert state.url == url
