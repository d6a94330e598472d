"""What people see of a batch."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.batch import Batch, Stream, timestamp
from prox.sinks.render import PALETTE, LinePrinter, local_clock, prefixed

NOON = 1737282721.9


def batch(process: str, data: bytes, stream: Stream = "stdout", when: float = NOON) -> Batch:
    partial = not data.endswith(b"\n")
    return Batch(process, stream, when, 1, 1 if partial else data.count(b"\n"), data, partial)


def printer(*names: str, color: bool = False, raw: bool = False) -> LinePrinter:
    return LinePrinter(names, color=color, raw=raw, clock=lambda when: "12:00:00")


def test_names_are_padded() -> None:
    lines = printer("a", "long-name")
    assert lines.render(batch("a", b"one\n\ntwo\n")).decode() == (
        "12:00:00 a         │ one\n12:00:00 a         │ \n12:00:00 a         │ two\n"
    )
    assert lines.render(batch("long-name", b"x\n")).decode() == "12:00:00 long-name │ x\n"
    assert printer("a").render(batch("system", b"x\n")).decode() == "12:00:00 system │ x\n"
    assert printer("a").render(batch("a", b"x\n")).decode() == "12:00:00 a      │ x\n"


def test_the_clock_is_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-3")
    time.tzset()
    try:
        assert local_clock(NOON) == "13:32:01"
        shown = LinePrinter(["api"], color=False).render(batch("api", b"x\n"))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown.decode() == "13:32:01 api    │ x\n"
    assert LinePrinter(["api"], color=False, clock=timestamp).render(batch("api", b"x\n")).decode() == (
        "2025-01-19T10:32:01.900Z api    │ x\n"
    )


def test_colors_are_stable_and_those_of_stderr_stand_out() -> None:
    names = [f"p{number}" for number in range(len(PALETTE) + 1)]
    lines = printer(*names, color=True)
    shown = [lines.render(batch(name, b"x\n")).decode() for name in names]
    found = [re.fullmatch(r"\x1b\[2m12:00:00\x1b\[0m \x1b\[(\d+)m(\w+) *\x1b\[0m │ x\n", line) for line in shown]
    assert [(int(match[1]), match[2]) for match in found if match] == list(
        zip((*PALETTE, PALETTE[0]), names, strict=True)
    )
    assert "\x1b[31m│\x1b[0m x" in lines.render(batch("p1", b"x\n", "stderr")).decode()


def test_control_sequences() -> None:
    data = b"\x1b[31mred\x1b[2J\r\n"
    prefix = b"12:00:00 api    \xe2\x94\x82 "
    assert printer("api").render(batch("api", data)) == prefix + b"red\n"
    assert printer("api", raw=True).render(batch("api", data)) == prefix + data
    colored = printer("api", color=True).render(batch("api", data))
    assert colored.endswith(b" \x1b[31mred\x1b[0m\n")


def test_a_long_line_has_its_prefix_once() -> None:
    lines = printer("api", "web")
    shown = b"".join(
        lines.render(one)
        for one in (batch("api", b"one\n"), batch("api", b"long"), batch("api", b" line"), batch("api", b" end\ntwo\n"))
    )
    assert shown.decode().splitlines() == [
        "12:00:00 api    │ one",
        "12:00:00 api    │ long line end",
        "12:00:00 api    │ two",
    ]


@pytest.mark.parametrize("other", [batch("web", b"other\n"), batch("api", b"other\n", "stderr")])
def test_a_line_in_between_cuts_a_long_one(other: Batch) -> None:
    lines = printer("api", "web")
    shown = b"".join(lines.render(one) for one in (batch("api", b"long"), other, batch("api", b" line\n")))
    assert [line.partition("│ ")[2] for line in shown.decode().splitlines()] == ["long", "other", " line"]


def test_two_long_lines_at_once() -> None:
    lines = printer("api", "web")
    pieces = [batch("api", b"a"), batch("web", b"w"), batch("api", b"b"), batch("web", b"x\n"), batch("api", b"c\n")]
    shown = b"".join(map(lines.render, pieces))
    assert [line[9:12] + line.partition("│")[2] for line in shown.decode().splitlines()] == [
        "api a", "web w", "api b", "web x", "api c",
    ]  # fmt: skip


def test_the_end_of_a_line_that_is_not_finished() -> None:
    lines = printer("api")
    assert lines.end() == b""
    lines.render(batch("api", b"long"))
    assert lines.end() == b"\n"
    assert lines.end() == b""


def test_a_line_of_plain_values() -> None:
    lines = printer("api")
    shown = [
        lines.line(NOON, "api", "stdout", "one\x1b[2J"),
        lines.line(NOON, "api", "stdout", "lo", partial=True),
        lines.line(NOON, "api", "stdout", "ng"),
        lines.line(NOON, "not-known", "stderr", "é\udcff"),
    ]
    assert b"".join(shown).decode() == ("12:00:00 api    │ one\n12:00:00 api    │ long\n12:00:00 not-known │ é?\n")


def test_a_name_from_elsewhere_drives_no_terminal() -> None:
    assert b"\x1b" not in printer("api").line(NOON, "\x1b]0;x\x07evil", "stdout", "x")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line), min_size=1), st.booleans())
def test_each_line_has_a_prefix_and_its_bytes(lines: list[bytes], continued: bool) -> None:
    whole = prefixed(batch("api", b"".join(line + b"\n" for line in lines)), b"P ", continued=continued)
    expected = [b"P " + line for line in lines]
    if continued:
        expected[0] = lines[0]
    assert whole.split(b"\n") == [*expected, b""]


def test_what_is_printed_needs_no_trio() -> None:
    code = "import prox.sinks.render, prox.sinks.reader, sys; sys.exit('trio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
