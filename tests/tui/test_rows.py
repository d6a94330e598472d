"""Lines as rows: wrapped at cells, not characters, with name and time before the first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from prox.tui.block import Flag
from prox.tui.line_store import Line
from prox.tui.rows import MAX_ROWS, Folded, Options, Row, highlight, layout, shown_text


def line(text: str, **more: object) -> Line:
    usual: dict[str, object] = {
        "number": 3, "id": 1, "time": 0, "process": "web", "flags": 0, "text": text, "colored": text,
    }  # fmt: skip
    return Line(**(usual | more))  # type: ignore[arg-type]


def rows(
    given: Line, *, width: int = 20, before: int | None = None, unfolded: bool = False, **options: object
) -> list[Row]:
    chosen = Options(**({"width": width, "times": "off"} | options))  # type: ignore[arg-type]
    return layout(given, chosen, shown_text(given, unfolded=unfolded), before=before)


def drawn(found: list[Row]) -> list[str]:
    return [row.prefix.plain + row.text.plain for row in found]


def test_wrapping_keeps_every_character() -> None:
    found = rows(line("0123456789" * 3), width=12)
    assert drawn(found) == ["012345678901", "234567890123", "456789"]
    assert [row.begin for row in found] == [0, 12, 24]
    assert drawn(rows(line("0123456789" * 3), width=12, wrap=False)) == ["0123456789" * 3]
    assert drawn(rows(line(""))) == [""]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60), st.integers(1, 30))
def test_no_row_is_wider_than_the_screen(text: str, width: int) -> None:
    found = rows(line(text), width=width)
    assert all(cell_len(row.text.plain) <= max(width, 2) for row in found)
    shown = shown_text(line(text), unfolded=False).text.plain
    assert "".join(row.text.plain for row in found) == shown


def test_wide_characters_take_two_columns() -> None:
    assert drawn(rows(line("日本語日本語"), width=7)) == ["日本語", "日本語"]


def test_names_and_times_stand_before_the_first_row_only() -> None:
    found = rows(line("0123456789" * 2, time=1737282721123), width=34, times="clock", name_width=6)
    first, second = drawn(found)
    assert first[2:3] == ":"
    assert first[8:] == " web    │ 0123456789012345"
    assert second == " " * 18 + "6789"


def test_on_a_narrow_screen_there_is_only_text() -> None:
    assert drawn(rows(line("text", time=1), width=10, times="clock", name_width=6)) == ["text"]


@pytest.mark.parametrize(
    ("time", "before", "shown"),
    [(5000, 4988, "  +0.012"), (5000, None, "        "), (500_000, 0, "   +500s"), (5, 9, "  +0.000")],
)
def test_times_since_the_line_before(time: int, before: int | None, shown: str) -> None:
    (row,) = rows(line("x", time=time), width=40, times="delta", before=before)
    assert row.prefix.plain == f"{shown} "


def test_structured_lines_are_short_until_they_are_unfolded() -> None:
    given = line('{"level":"error","msg":"bad","n":1}', flags=4)
    assert drawn(rows(given, width=60)) == ["ERROR bad  n=1"]
    assert drawn(rows(given, width=60, unfolded=True)) == ["ERROR bad  n=1", "  level: error", "  msg: bad", "  n: 1"]


def test_a_trace_says_how_many_lines_are_folded() -> None:
    shown = shown_text(line("Traceback:", flags=4), unfolded=False, folded=Folded(12))
    assert shown.text.plain == "Traceback:  ▸ 12 lines"
    shown = shown_text(line("Traceback:", flags=4), unfolded=False, folded=Folded(1, "ValueError:\tx"))
    assert shown.text.plain == "Traceback: ValueError:     x  ▸ 1 line"


def test_a_huge_line_has_a_bounded_number_of_rows() -> None:
    found = rows(line("x" * 1_000_000), width=10)
    assert len(found) == MAX_ROWS + 1
    assert "more characters" in found[-1].text.plain


def test_tabs_separators_and_directions_do_not_move_columns() -> None:
    assert drawn(rows(line("a\tb"), width=40)) == ["a       b"]
    assert drawn(rows(line("a\u2028b\u202ec\u2066"), width=40)) == ["a�b�c�"]


def test_colours_of_a_process_are_styles() -> None:
    (row,) = rows(line("red x", colored="\x1b[31mred\x1b[0m x"), width=40)
    assert row.text.plain == "red x"
    assert [(span.start, span.end, str(span.style)) for span in row.text.spans] == [(0, 3, "color(1)")]


def test_gaps_have_no_time_and_no_name() -> None:
    assert drawn(rows(line("… 3 lines", flags=int(Flag.GAP), time=1), width=60, times="clock", name_width=6)) == [
        "… 3 lines"
    ]


def test_hits_are_marked() -> None:
    text = shown_text(line("a hit"), unfolded=False).text
    assert [(span.start, span.end) for span in highlight(text, [(2, 5)]).spans] == [(2, 5)]
    assert text.spans == []
