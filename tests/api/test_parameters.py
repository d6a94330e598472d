"""The query of a request: types, ranges, what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct
from werkzeug.datastructures import MultiDict

from prox.api.errors import InvalidParameter
from prox.api.parameters import moment, read, signal_number, signal_pattern

if TYPE_CHECKING:
    from conftest import Api


class Query(Struct, frozen=True):
    text: str = ""
    flag: bool = False
    choice: Literal["", "one", "two"] = ""
    count: Annotated[int, Meta(ge=1, extra={"maximum": 10})] = 5
    size: Annotated[int, Meta(ge=0)] | None = None


def query(text: str) -> Query:
    return read(Query, MultiDict(pair.split("=", 1) for pair in text.split("&") if pair))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Query()),
        ("unknown=1&unknown=2", Query()),
        ("text=a%20b", Query(text="a%20b")),
        ("flag=true", Query(flag=True)),
        ("flag=TRUE", Query(flag=True)),
        ("flag=1", Query(flag=True)),
        ("flag=false", Query()),
        ("flag=0", Query()),
        ("flag=", Query()),
        ("count=", Query()),
        ("choice=two", Query(choice="two")),
        ("choice=", Query()),
        ("count=1", Query(count=1)),
        ("count=007", Query(count=7)),
        ("count=10", Query(count=10)),
        ("count=11", Query(count=10)),
        pytest.param("count=" + "9" * 5000, Query(count=10), id="more digits than int() takes"),
        ("size=0", Query(size=0)),
        ("size=123456789", Query(size=123456789)),
    ],
)
def test_what_is_read(text: str, expected: Query) -> None:
    assert query(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((f"count={value}", "count must be an integer from 1 to 10") for value in ["0", "-1", "x", "1.0"]),
        *((f"count={value}", "count must be an integer from 1 to 10") for value in ["+1", " 1", "1e1", "0x1", "٣"]),
        pytest.param("count=-" + "9" * 5000, "count must be an integer from 1 to 10", id="as many, and a minus"),
        ("size=-1", "size must be an integer of at least 0"),
        ("flag=yes", "flag must be true or false"),
        ("choice=three", "choice must be one of one, two"),
        ("choice=ONE", "choice must be one of one, two"),
        ("text=a&text=b", "text must be given once, not 2 times"),
        ("count=1&count=1&count=1", "count must be given once, not 3 times"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{message}$"):
        query(text)


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("0", NOW),
        ("90s", NOW - 90),
        ("1h30m", NOW - 5400),
        ("1970-01-01T00:00:01.500Z", 1.5),
        ("1970-01-01t00:00:01z", 1.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T01:00:00 01:00", 0.0),
        ("0001-01-01T00:00:00Z", -62135596800.0),
    ],
)
def test_an_instant(text: str, seconds: float | None) -> None:
    assert moment("since", text, NOW) == seconds


@pytest.mark.parametrize(
    "text",
    ["5", "-5m", "yesterday", "1970-01-01", "1970-01-01T00:00:00", "1970-02-30T00:00:00Z", "1" * 70 + "h", "\0"],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^since must be a time such as .*, or a duration back from now"):
        moment("since", text, NOW)


async def test_as_an_answer(api: Api) -> None:
    for query in ("lines=0", "lines=x", "bytes=0", "regex=maybe", "stream=stdin", "since=x", "until=x"):
        status, code, message = await api.error("GET", f"/logs?{query}")
        assert (status, code) == (400, "INVALID_PARAMETER")
        assert message.startswith(query.partition("=")[0] + " must be ")


async def test_those_of_a_stream_too(api: Api) -> None:
    for query in ("tail=-1", "tail=x", "since=x", "until=x", "stream=x", "regex=x", "process=a&process=b"):
        assert (await api.error("GET", f"/logs/stream?{query}"))[:2] == (400, "INVALID_PARAMETER"), query
        assert (await api.ask("HEAD", f"/logs/stream?{query}")).status == 400


def test_the_pattern_of_signals_is_that_of_what_is_taken() -> None:
    pattern = re.compile(signal_pattern())
    for text in ("HUP", "hup", "SIGHUP", "sigHup", "Sigterm", "SIGRTMIN+1", "usr1"):
        assert pattern.search(text)
        assert signal_number("signal", text)
    for text in ("", "SIG", "NOPE", " HUP", "HUP\n", "SIGSIGHUP", "9", "SIGRTMIN 1"):
        assert not pattern.fullmatch(text)
        with pytest.raises(InvalidParameter):
            signal_number("signal", text)


@settings(deadline=None, max_examples=300)
@given(st.from_regex(re.compile(signal_pattern(), re.ASCII), fullmatch=True))
def test_what_the_pattern_of_signals_describes_is_taken(text: str) -> None:
    assert signal_number("signal", text) > 0
