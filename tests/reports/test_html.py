"""The page of a run: it needs nothing else, and runs and loads nothing."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.core.runs.record import Result
from prox.reports.facts import one_line
from prox.reports.html import html

if TYPE_CHECKING:
    from prox.core.runs.record import RunRecord

VOID = {"meta", "br"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "div", "table", "thead", "tbody", "tr",
    "th", "td", "ol", "ul", "li", "b", "br", "small", "details", "summary", "p", "pre", "svg", "g", "line", "text",
    "rect",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "scope", "role", "aria-label", "aria-hidden",
    "viewbox", "xmlns", "width", "height", "x", "x1", "x2", "y", "y1", "y2", "text-anchor",
}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, all of them closed, and the text directly within each."""

    def __init__(self, record: RunRecord) -> None:
        super().__init__()
        self.source = html(record)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(self.source)
        self.close()
        assert self._open == []
        assert set(self.tags) <= TAGS
        assert {name for name, _ in self.attributes} <= ATTRIBUTES

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        texts = self.texts.setdefault(tag, [])
        texts.append("")
        if tag not in VOID:
            self._open.append((tag, len(texts) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, index = self._open[-1]
            self.texts[tag][index] += data


def test_policy() -> None:
    source = html(run())
    assert (
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        in source
    )
    # The namespace of SVG is the only address, and is not loaded.
    assert source.replace("http://www.w3.org/2000/svg", "").count("//") == 0
    for loading in ("url(", "@import", "<script", "<link", "<img", "src=", "href="):
        assert loading not in source


def test_headline_and_facts() -> None:
    page = Page(run(job(), job("api", "failed"), critical_path=("unit", "api")))
    assert page.texts["h1"] == page.texts["title"][:1] == ["prox run failed after 10.0 s: 1 passed, 1 failed"]
    assert page.texts["td"][:8] == [
        "r1", "2026-01-02T03:04:05.678Z", "-", "4", "1", "unit → api", "/p/.prox/runs/r1", "1.2.3",
    ]  # fmt: skip


def test_table_has_the_facts_of_the_time_line() -> None:
    flaky = job("api", "flaky", depends_on=("db",))
    page = Page(run(flaky, processes=(process(restarts=2),), critical_path=("db",)))
    assert page.texts["td"][8:17] == [
        "flaky", "2", "1.0 s", "3.0 s", "0.500 s", "", "db", "-", "because flaky",
    ]  # fmt: skip
    assert [text for text in page.texts["li"] if "exit code" in text] == [
        "failed (exit code 1), 1.000 s to 2.500 s, a/1.log",
        "passed (exit code 0), 3.000 s to 4.500 s, a/2.log",
    ]
    assert page.texts["td"][17:] == [
        "ready", "1.2 s", "0.250 s", "1.500 s", "9.000 s", "2", "-", "critical path", "db.log",
    ]  # fmt: skip


@pytest.mark.parametrize("result", get_args(Result))
def test_each_result_is_a_word(result: Result) -> None:
    page = Page(run(job("unit", result)))
    assert result in page.texts["td"]
    assert result in page.texts["text"]


def test_last_lines() -> None:
    failed = job("api", "failed", depends_on=("db",), last_lines=("", "a <b>"))
    page = Page(run(failed, job("web", "failed"), processes=(process(last_lines=("panic",)),)))
    assert page.texts["summary"] == ["Last lines of api (failed)", "Last lines of db (process needed by api)"]
    assert page.texts["pre"] == ["\n\na <b>", "\npanic"]


def test_description() -> None:
    assert Page(run(job(description="a & b"))).texts["small"] == ["a & b"]


def test_empty_run() -> None:
    assert Page(run(duration=0.0)).texts["h2"] == ["Time line"]


def test_500_jobs() -> None:
    page = Page(large_run())
    assert page.tags.count("g") == 550
    assert len(page.source) < 2_000_000


def assert_shown_as_it_is(text: str) -> None:
    plain, hostile = Page(hostile_run("x")), Page(hostile_run(text))
    assert [tag for tag in hostile.tags if tag not in ("br", "small")] == [
        tag for tag in plain.tags if tag not in ("br", "small")
    ]
    shown = one_line(text)
    assert f"\n{shown}\nx{shown}y" in hostile.texts["pre"]
    assert shown in hostile.texts["td"] or not shown
    assert hostile.source.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text(text: str) -> None:
    assert_shown_as_it_is(text)


@given(st.text(st.sampled_from("<>&\"'/!-=;script \n\x00\udc80\U0001f600"), max_size=30))
def test_any_marks(text: str) -> None:
    assert_shown_as_it_is(text)
