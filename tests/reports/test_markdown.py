"""The report of a run as Markdown: rendered, it has the elements that prox wrote and no others."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.core.runs.record import Result
from prox.reports.facts import one_line
from prox.reports.markdown import markdown

if TYPE_CHECKING:
    from prox.core.runs.record import RunRecord

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Rendered(HTMLParser):
    """The elements of a rendered report, and the text of its cells, its code and its summaries."""

    def __init__(self, record: RunRecord) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(PARSER.render(markdown(record)))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data


def cells(record: RunRecord) -> list[str]:
    return Rendered(record).texts["td"]


def test_whole_report() -> None:
    record = run(
        job("unit"),
        job("api", "failed", [1, 2], depends_on=("db",), last_lines=("a `b`", "")),
        processes=(process(last_lines=("panic",)),),
        critical_path=("db", "api"),
    )
    assert (
        markdown(record)
        == """\
## prox run failed after 10.0 s: 1 passed, 1 failed

| Job | Result | Tries | Waited | Ran | Why |
| --- | --- | --- | --- | --- | --- |
| unit | passed | 1 | 1.0 s | 1.5 s |  |
| api | failed | 2 | 1.0 s | 3.0 s | because failed |

### Processes

| Process | Ready after | Restarts | State |
| --- | --- | --- | --- |
| db | 1.2 s | 0 | ready |

Critical path: db → api

Logs: /p/.prox/runs/r1

<details><summary>Last lines of api (failed)</summary>

Log: /p/.prox/runs/r1/a/2.log

```text
a `b`

```

</details>

<details><summary>Last lines of db (process needed by api)</summary>

Log: /p/.prox/runs/r1/db.log

```text
panic
```

</details>
"""
    )


def test_empty_run() -> None:
    assert Rendered(run()).tags == ["h2", "p"]


@pytest.mark.parametrize("result", get_args(Result))
def test_each_result(result: Result) -> None:
    assert cells(run(job("unit", result)))[:2] == ["unit", result]


def test_500_jobs() -> None:
    assert len(cells(large_run())) == 500 * 6 + 50 * 4


@pytest.mark.parametrize("run_of_backticks", range(1, 9))
def test_fence_is_longer_than_backticks_within(run_of_backticks: int) -> None:
    line = "`" * run_of_backticks
    assert Rendered(run(job(result="failed", last_lines=(line, "x")))).texts["code"] == [f"{line}\nx\n"]


def assert_shown_as_it_is(text: str) -> None:
    plain, hostile = Rendered(hostile_run("x")), Rendered(hostile_run(text))
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes == [("class", "language-text")] * 2
    first, *_, why = hostile.texts["td"][:6]
    assert first == one_line(f"job{text}").strip()
    assert why == one_line(text).strip()
    assert hostile.texts["code"] == [f"{one_line(text)}\n{one_line(f'x{text}y')}\n", f"{one_line(text)}\n"]
    assert hostile.texts["summary"][0] == f"Last lines of {one_line(f'job{text} (failed)')}"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text(text: str) -> None:
    assert_shown_as_it_is(text)


@given(st.text(st.sampled_from("`*_|\\<>&#;[]()!~-+=.:/@$\"' \t\nax1\udc80\U0001f600"), max_size=30))
def test_any_marks(text: str) -> None:
    assert_shown_as_it_is(text)


@pytest.mark.parametrize("text", ["http://x.y", "www.x.y", "WWW.x.y", "a@b.c", "@team", "#12", "$x$"])
def test_nothing_that_github_makes_a_link_of(text: str) -> None:
    assert text not in markdown(run(job(reason=text)))
    assert cells(run(job(reason=text)))[5] == text
