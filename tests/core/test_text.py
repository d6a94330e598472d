"""Output of processes can neither drive the terminal nor hide another line."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.text import terminal_safe

FRAGMENTS = [
    b"text", b"\n", b"\r", b"\t", b" ", b"\x1b", b"\x1b[", b"\x1b[31m", b"\x1b[1;38:5:1m", b"\x1b[2J", b"\x1b[?25l",
    b"\x1b]0;title", b"\x07", b"\x1b\\", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX", b"\x1b(", b"m", b"31", b";", b"\x08",
    b"\x00", b"\x18", b"\x7f", b"\x9b", b"\x9d", b"\x9c", b"\xc2\x9b", b"\xc2\x9d", b"\xc2\x9c", b"\xc2", b"\xc2\xa0",
    "é€😀".encode(), b"\xf0\x9f", b"\xe2\x80\xae",
]  # fmt: skip
OUTPUT = st.one_of(st.binary(max_size=100), st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(b"".join))

COLOR = re.compile(r"\x1b\[[0-9;:]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@settings(deadline=None, max_examples=400)
@given(OUTPUT)
def test_nothing_drives_the_terminal(data: bytes) -> None:
    assert not CONTROL.search(terminal_safe(data, color=False).decode())
    colored = terminal_safe(data, color=True).decode()
    assert not CONTROL.search(COLOR.sub("", colored))


@settings(deadline=None, max_examples=400)
@given(OUTPUT)
def test_each_line_is_made_harmless_by_itself(data: bytes) -> None:
    """So that what one line does not end hides nothing of the next one."""
    lines = data.split(b"\n")
    assert terminal_safe(data, color=False).split(b"\n") == [terminal_safe(line, color=False) for line in lines]
    without_colors = [COLOR.sub("", terminal_safe(line, color=True).decode()) for line in lines]
    assert COLOR.sub("", terminal_safe(data, color=True).decode()).split("\n") == without_colors


@settings(deadline=None)
@given(OUTPUT)
def test_colors_end_with_their_line(data: bytes) -> None:
    for line in terminal_safe(data, color=True).decode().split("\n"):
        found = COLOR.findall(line)
        assert not found or line.endswith("\x1b[0m")


@settings(deadline=None)
@given(OUTPUT)
def test_harmless_text_is_unchanged(data: bytes) -> None:
    once = terminal_safe(data, color=False)
    assert terminal_safe(once, color=False) == once
    assert terminal_safe(once, color=True) == once


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_any_text_stays(text: str) -> None:
    assert terminal_safe(text.encode(), color=False).decode() == text
    assert terminal_safe(text.encode(), color=True).decode() == text


def test_plain_lines_are_not_even_copied() -> None:
    data = b"plain\tlines ~\n" * 100
    assert terminal_safe(data, color=False) is data


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", b"red\n"),
        (b"a\x1b[2Jb\x1b[?1049hc\x1b[1;1Hd\x1b[>4;2me\n", b"abcde\n"),  # CSI, also those that end as SGR does
        (b"a\x1b[4 qb\x1b[!pc\n", b"abc\n"),  # with intermediate bytes
        (b"a\x1b]0;title\x07b\n", b"ab\n"),  # OSC, ended by BEL
        (b"a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b\n", b"alinkb\n"),  # OSC, ended by ST
        (b"a\x1b]52;c;ZXZpbA==\xc2\x9cb\n", b"ab\n"),  # OSC, ended by ST in one character
        (b"a\x1bPq#0\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\d\x1bXz\x1b\\e\n", b"abcde\n"),  # DCS, APC, PM, SOS
        (b"a\x1b]0;x\x18b\n", b"ab\n"),  # CAN ends a string
        (b"a\x1b(Bb\x1b7c\x1bcd\x1b=e\x1b#8f\n", b"abcdef\n"),  # of two and three bytes
        (b"a\xc2\x9b31mb\xc2\x9d0;t\x07c\xc2\x85d\n", b"abcd\n"),  # C1 in UTF-8
        (b"a\x9b31mb\n", "a\ufffd31mb\n".encode()),  # a byte that is no UTF-8 is no C1 either
        (b"a\x00\x07\x08\x0b\x0c\x0e\x7fb\n", b"ab\n"),
        (b"one\r\ntwo\r\r\nthree\n", b"one\ntwo\nthree\n"),
        (b" 10%\r 20%\r100%\r\n", b" 10%  20% 100%\n"),
        (b"\r\x1b[Kagain\n", b"again\n"),
        (b"before\x1b[31\nafter\x1b]0;title\nnext\x1b\nlast\x1b[", b"before\nafter\nnext\nlast"),  # never ended
        (b"\xff\xfe \xf0\x9f\n", "\ufffd\ufffd \ufffd\n".encode()),
    ],
)
def test_without_colors(data: bytes, shown: bytes) -> None:
    assert terminal_safe(data, color=False) == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[31mred\n", b"\x1b[31mred\x1b[0m\n"),
        (b"\x1b[1;38:2::1:2:3mfine\x1b[0m\n", b"\x1b[1;38:2::1:2:3mfine\x1b[0m\x1b[0m\n"),
        (b"\x1b[2J\x1b[m\x1b[?25l\n", b"\x1b[m\x1b[0m\n"),
        (b"\x1b[>4;2m\x1b[31\x1b[32 m\n", b"\n"),
        (b"\xc2\x9b31mred\n", b"\x1b[31mred\x1b[0m\n"),
        (b"\x1b[31mthe line goes on", b"\x1b[31mthe line goes on\x1b[0m"),
        (b"\x1b[2Jnone\n", b"none\n"),
    ],
)
def test_with_colors(data: bytes, shown: bytes) -> None:
    assert terminal_safe(data, color=True) == shown


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    "unit",
    [b"\x1b", b"\x1b[", b"\x1b[1;1", b"\x1b]", b"\x1b]a", b"\xc2\x9d", b"\r", b"\rx", b"\x1bP\x1b", b"\xff", b"\x08"],
)
@pytest.mark.parametrize("lead", [b"", b"x", b"\x1b[", b"\x1b]"])
def test_linear_time(color: bool, unit: bytes, lead: bytes) -> None:
    def seconds(size: int) -> float:
        data = lead + unit * (size // len(unit)) + b"x"
        started = time.process_time()
        terminal_safe(data, color=color)
        return time.process_time() - started

    seconds(1000)
    assert seconds(160_000) < 16 * 4 * min(seconds(10_000) for _ in range(3)) + 0.01
