"""JSON and logfmt lines in short and in full."""

from __future__ import annotations

import pytest

from prox.tui.structured import MAX_STRUCTURED, structured


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ('{"level":"warn","time":"2025","msg":"low disk","free":12}', "low disk  free=12"),
        ('{"message":"x","err":{"code":1},"name":"a b","none":null}', 'x  err={"code":1} name="a b" none=null'),
        ('{"a":1}', "a=1"),
        ('time=2025-01-19 level=info msg="two words" n=3', "two words  n=3"),
        ('a=1 b="q\\"uote"', 'a=1 b=q"uote'),
        ("a= b=2", 'a="" b=2'),
    ],
)
def test_the_short_form(line: str, short: str) -> None:
    found = structured(line)
    assert found
    assert found.short() == short


def test_the_long_form_has_every_field() -> None:
    found = structured('{"level":"error","msg":"bad","stack":"one\\ntwo","at":{"x":1}}')
    assert found
    assert found.long() == [
        "  level: error",
        "  msg: bad",
        "  stack: one",
        "    two",
        "  at: {",
        '      "x": 1',
        "    }",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "plain",
        "{",
        "{}",
        "[1]",
        '{"a":',
        "a=1",
        "say a=1 b=2",
        "a=1 b=2 and more",
        '{"a":1} x',
        "=1 =2",
        "{" * 1000,
    ],
)
def test_other_lines_are_shown_as_they_are(line: str) -> None:
    assert structured(line) is None


def test_a_huge_line_is_not_parsed() -> None:
    assert structured('{"a":"' + "x" * MAX_STRUCTURED + '"}') is None
