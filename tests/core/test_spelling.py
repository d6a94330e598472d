"""Which word was meant."""

from __future__ import annotations

import pytest

from prox.core.spelling import did_you_mean, nearest

KEYS = ["cmd", "healthcheck", "depends_on", "restart", "http_port", "https_port", "Web"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("helthcheck", "healthcheck"),
        ("health_check", "healthcheck"),
        ("dependson", "depends_on"),
        ("CMD", "cmd"),
        ("cmdd", "cmd"),
        ("http-port", "http_port"),
        ("web", "Web"),
        ("wbe", "Web"),
        ("volumes", None),
        ("", None),
        ("x" * 500, None),
    ],
)
def test_the_nearest_word(word: str, meant: str | None) -> None:
    assert nearest(word, KEYS) == meant
    assert did_you_mean(word, KEYS) == (f" (did you mean {meant!r}?)" if meant else "")


def test_nothing_is_near_where_there_is_nothing() -> None:
    assert nearest("cmd", []) is None
    assert did_you_mean("cmd", iter([])) == ""
