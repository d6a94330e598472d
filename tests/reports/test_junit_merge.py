"""JUnit documents of jobs, within the document of the run."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from helpers.runs import job, run
from prox.reports.junit import junit
from prox.reports.junit_merge import MAX_DEPTH, MAX_DOCUMENT, UnreadableReport, read_suites

SUITE = (
    '<testsuite name="s" tests="99" time="1.000"><testcase name="a"/><testcase name="b"><failure type="t"/></testcase>'
    '<testcase name="c"><skipped/></testcase><testcase name="d"><error type="t"/><failure type="t"/></testcase>'
    "</testsuite>"
)
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>'
NUMBERS = ("tests", "failures", "errors", "skipped")


def merged(*texts: str, files: tuple[str, ...] = ("out/junit.xml",)) -> ElementTree.Element:
    return ElementTree.fromstring(junit(run(job("unit", junit=files)), {"unit": texts}).encode())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (SUITE, ["unit/s"]),
        (f"<testsuites>{SUITE}{SUITE}</testsuites>", ["unit/s", "unit/s"]),
        ("<testsuites/>", []),
        ('<?xml version="1.0" encoding="latin-1"?><testsuite name="\xe9"/>', ["unit/\xe9"]),
        ("\ufeff<testsuite/>", ["unit/testsuite"]),
        ('<testsuite name="o"><testsuite name="i"/></testsuite>', ["unit/o"]),
    ],
)
def test_suites_stand_beside_the_run_s_own(text: str, names: list[str]) -> None:
    root = merged(text)
    assert [suite.get("name") for suite in root] == ["prox", *names]
    assert root[0].get("errors") == "0"


def test_content_is_copied() -> None:
    own = '<testcase name="a" file="x.py" line="3"><system-out>1 &lt; 2\n</system-out></testcase>'
    case = merged(f'<testsuite name="s" hostname="h">{own}</testsuite>')[1][0]
    assert ElementTree.tostring(case, encoding="unicode") == own


def test_totals_are_counted() -> None:
    root = merged(SUITE)
    assert [root[1].get(name) for name in NUMBERS] == ["4", "1", "1", "1"]
    assert [root.get(name) for name in NUMBERS[:3]] == ["5", "1", "1"]


def test_totals_of_nested_suites() -> None:
    outer = merged(f'<testsuite name="o">{SUITE}<testcase name="x"/></testsuite>')[1]
    assert [outer.get(name) for name in NUMBERS] == ["5", "1", "1", "1"]
    assert [outer[0].get(name) for name in NUMBERS] == ["4", "1", "1", "1"]


def test_a_schema_s_address_is_left_out() -> None:
    """A validator would load it."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="https://x/y.xsd"'
    (suite,) = read_suites(f'<testsuite name="s" {xsi}/>', "unit/")
    assert suite.attrib.keys() == {"name", *NUMBERS}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not well-formed XML: no element found"),
        ("no xml", "not well-formed XML: syntax error"),
        ("<testsuite><testcase></testsuite>", "not well-formed XML: mismatched tag"),
        ("<testsuite/><testsuite/>", "not well-formed XML: junk after document element"),
        ("<testsuite>\x1b</testsuite>", "not well-formed XML: not well-formed (invalid token)"),
        ("<testsuite>&undeclared;</testsuite>", "not well-formed XML: undefined entity"),
        ("<testsuite>\udcff</testsuite>", "it is not encoded in UTF-8"),
        ("<html/>", "its root is <html>, not <testsuites> or <testsuite>"),
        ('<testsuite xmlns="urn:x"/>', "its root is <{urn:x}testsuite>"),
        (LAUGHS, "it has a DOCTYPE"),
        ('<!DOCTYPE testsuite SYSTEM "file:///etc/passwd"><testsuite/>', "it has a DOCTYPE"),
        ("<!DOCTYPE testsuite><testsuite/>", "it has a DOCTYPE"),
        ("<testsuite>" + "<a>" * 5000, f"its elements are nested deeper than {MAX_DEPTH}"),
        (" " * MAX_DOCUMENT + "<testsuite/>", f"it is longer than {MAX_DOCUMENT} characters"),
    ],
    ids=lambda value: ascii(value[:40]),
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableReport) as refused:
        read_suites(text, "unit/")
    assert reason in str(refused.value)
    root = merged(SUITE, text, files=("good.xml", "bad.xml"))
    assert [suite.get("name") for suite in root] == ["prox", "unit/s"]
    case = root[0].findall("testcase")[-1]
    assert (case.get("classname"), case.get("name")) == ("prox.junit", "unit/bad.xml")
    error = case.find("error")
    assert error is not None
    assert error.get("message") == f"bad.xml of job unit is not merged: {refused.value}".replace("\x1b", "\ufffd")
    assert root.get("errors") == "2"


def test_document_without_a_file() -> None:
    assert merged("x", "y")[0].findall("testcase")[-1].get("name") == "unit/document 2"


def test_greatest_depth() -> None:
    inner = MAX_DEPTH - 1
    assert len(read_suites(f"<testsuite>{'<a>' * inner}{'</a>' * inner}</testsuite>", "")) == 1


def test_all_documents_together_are_bounded() -> None:
    text = SUITE + " " * (MAX_DOCUMENT - len(SUITE))
    root = merged(text, text, text, text, SUITE)
    assert [suite.get("name") for suite in root] == ["prox", "unit/s", "unit/s", "unit/s", "unit/s"]
    assert root[0].findall("testcase")[-1].get("name") == "unit/document 5"
    assert root[0].get("errors") == "1"


def test_hostile_name_of_a_job() -> None:
    root = ElementTree.fromstring(junit(run(), {'\x00"<&': [SUITE]}).encode())
    assert root[1].get("name") == '\ufffd"<&/s'


@pytest.mark.parametrize(("time", "kept"), [("1", "1"), ("0.25", "0.25"), ("abc", None), ("1,5", None), ("-1", None)])
def test_a_time_that_is_no_number_is_left_out(time: str, kept: str | None) -> None:
    (suite,) = read_suites(f'<testsuite name="s" time="{time}"><testcase name="t" time="{time}"/></testsuite>', "")
    assert (suite.get("time"), suite[0].get("time")) == (kept, kept)
