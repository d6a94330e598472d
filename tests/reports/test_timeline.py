"""The time line of a run as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.reports.facts import one_line
from prox.reports.timeline import KEY, STYLE, key, tick_label, ticks, timeline

if TYPE_CHECKING:
    from prox.core.runs.record import ProcessRecord, RunRecord

SVG = "{http://www.w3.org/2000/svg}"


def chart(record: RunRecord) -> ElementTree.Element:
    return ElementTree.fromstring(timeline(record))


def bars(row: ElementTree.Element) -> list[tuple[str, str, str]]:
    return [(bar.attrib["class"], bar.attrib["x"], bar.attrib["width"]) for bar in row.iter(f"{SVG}rect")]


def test_bars_of_jobs_and_processes() -> None:
    record = run(job("api", "flaky"), job("web", "timed out"), processes=(process(),), critical_path=("api",))
    rows = chart(record).findall(f"{SVG}g")
    assert [row.findtext(f"{SVG}title") for row in rows] == ["process db", "job api", "job web"]
    assert [[text.text for text in row.findall(f"{SVG}text")] for row in rows] == [
        ["db", "ready"],
        ["▸ api", "flaky"],
        ["web", "timed out"],
    ]
    assert [row.get("class") for row in rows] == [None, "critical", None]
    # 79 units a second, from 210.
    assert bars(rows[0]) == [("bar starting", "229.8", "98.8"), ("bar ready", "328.5", "592.5")]
    assert bars(rows[1]) == [
        ("bar waiting", "210.0", "39.5"),
        ("bar queued", "249.5", "39.5"),
        ("bar failed", "289.0", "118.5"),
        ("bar retrying", "407.5", "39.5"),
        ("bar passed", "447.0", "118.5"),
    ]
    assert bars(rows[2])[-1] == ("bar timed-out", "289.0", "118.5")


def test_bar_says_what_it_is() -> None:
    bar = list(chart(run(job(result="failed"))).iter(f"{SVG}rect"))[-1]
    assert bar.findtext(f"{SVG}title") == "attempt 1: failed (exit code 1), 1.000 s to 2.500 s"


def test_image_is_described() -> None:
    root = chart(run())
    assert root.get("role") == "img"
    assert root.get("aria-label")


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (process(failure="it: ended"), "failed"),
        (process(borrowed=True), "borrowed"),
        (process(ready=None), "did not become ready"),
        (process(), "ready"),
    ],
)
def test_word_of_a_process(one: ProcessRecord, word: str) -> None:
    (row,) = chart(run(processes=(one,))).findall(f"{SVG}g")
    assert row.findall(f"{SVG}text")[1].text == word


def test_long_name_is_cut() -> None:
    (row,) = chart(run(job("n" * 100))).findall(f"{SVG}g")
    assert row.findtext(f"{SVG}text") == "n" * 23 + "…"
    assert row.findtext(f"{SVG}title") == "job " + "n" * 100


def test_all_rows_are_within_the_image() -> None:
    root = chart(large_run())
    assert len(root.findall(f"{SVG}g")) == 550
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for bar in root.iter(f"{SVG}rect"):
        assert 0 <= float(bar.attrib["x"]) <= float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width
        assert 0 <= float(bar.attrib["y"]) <= float(bar.attrib["y"]) + float(bar.attrib["height"]) <= height


@pytest.mark.parametrize("record", [run(duration=0.0), run(job("a", "skipped"), duration=0.0)])
def test_run_without_a_duration(record: RunRecord) -> None:
    assert list(chart(record).iter(f"{SVG}rect")) == []


@pytest.mark.parametrize(
    ("end", "count", "last"),
    [
        (0, 1, "0 s"),
        (0.0095, 10, "0.009 s"),
        (0.011, 6, "0.01 s"),
        (0.021, 5, "0.02 s"),
        (0.3, 7, "0.3 s"),
        (1.3, 7, "1.2 s"),
        (10, 11, "10 s"),
        (11, 6, "10 s"),
        (125, 9, "2 min"),
        (700, 6, "10 min"),
        (36000, 11, "10 h"),
        (40000, 6, "10 h"),
        (1e6, 10, "252 h"),
    ],
)
def test_ticks(end: float, count: int, last: str) -> None:
    found = ticks(end)
    assert (len(found), found[0], tick_label(found[-1])) == (count, 0, last)
    assert found[-1] <= end + 1e-9


def test_each_bar_has_a_style_and_a_meaning() -> None:
    classes = {each.split()[1] for row in chart(large_run(7)) for each, _, _ in bars(row)}
    assert classes <= {name for name, _ in KEY}
    for name, meaning in KEY:
        assert f".{name}" in STYLE
        assert meaning in key()
    ElementTree.fromstring(key())


@pytest.mark.parametrize("text", [each for each in HOSTILE if "\ufffe" not in each], ids=ascii)
def test_hostile_text(text: str) -> None:
    """U+FFFE is no character of XML; HTML shows it as U+FFFD."""
    rows = chart(hostile_run(text)).findall(f"{SVG}g")
    assert [row.findtext(f"{SVG}title") for row in rows] == [
        f"process process{one_line(text)}",
        f"job job{one_line(text)}",
        "job plain",
    ]
