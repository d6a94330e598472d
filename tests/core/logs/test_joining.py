"""Records of a line that was published in parts, joined."""

from __future__ import annotations

from datetime import UTC, datetime

from prox.core.logs.batch import LogLine, Stream
from prox.core.logs.joining import LineJoiner, joined


def line(
    text: str, process: str = "api", stream: Stream = "stdout", *, partial: bool = False, replaces: bool = False
) -> LogLine:
    return LogLine(0, datetime.now(UTC), process, stream, text, partial, replaces)


def test_whole_lines_stay_as_they_are() -> None:
    assert joined([line("a"), line(""), line("a")]) == ["a", "", "a"]


def test_parts_of_a_line_are_one_text() -> None:
    assert joined([line("Pass", partial=True), line("word", partial=True), line(": ok"), line("next")]) == [
        "Password: ok", "next"
    ]  # fmt: skip


def test_a_rewritten_line_has_its_newest_state_only() -> None:
    parts = [line("10%", partial=True), line("50%", partial=True, replaces=True), line("done", replaces=True)]
    assert joined(parts) == ["done"]


def test_lines_of_several_streams_do_not_mix() -> None:
    parts = [
        line("a", partial=True),
        line("b", stream="stderr", partial=True),
        line("c", "web", partial=True),
        line("2", stream="stderr"),
        line("1"),
        line("3", "web"),
    ]
    assert joined(parts) == ["b2", "a1", "c3"]


def test_a_line_without_an_end_comes_last() -> None:
    assert joined([line("prompt> ", partial=True), line("other", "web")]) == ["other", "prompt> "]


def test_a_joiner_returns_the_line_as_far_as_it_is_known() -> None:
    joiner = LineJoiner()
    assert joiner.add("api", "stdout", "a", partial=True, replaces=False) == "a"
    assert joiner.add("api", "stdout", "b", partial=True, replaces=False) == "ab"
    assert joiner.unfinished == ["ab"]
    assert joiner.add("api", "stdout", "c", partial=False, replaces=False) == "abc"
    assert joiner.unfinished == []
    assert joiner.add("api", "stdout", "d", partial=False, replaces=False) == "d"
