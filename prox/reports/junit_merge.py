"""Read and check JUnit documents of jobs, for the document of the run.

The documents are not trusted. Expat expands the entities that a document declares, so a document with a DOCTYPE is
refused before its declarations are read. Nesting is limited, since ElementTree writes documents recursively.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DOCUMENT = 16 * 1024 * 1024
"""The most characters of one document."""
MAX_DEPTH = 50
"""The most levels of nested elements."""

_TIME = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_SCHEMA_HINT = "{http://www.w3.org/2001/XMLSchema-instance}"


class UnreadableReport(ValueError):
    """A document is not merged. The message completes "FILE is not merged: …"."""


class Totals:
    """The numbers of test cases in a suite, by outcome."""

    def __init__(self, cases: Iterator[ElementTree.Element]) -> None:
        self.tests = self.failures = self.errors = self.skipped = 0
        for case in cases:
            self.tests += 1
            if case.find("error") is not None:
                self.errors += 1
            elif case.find("failure") is not None:
                self.failures += 1
            elif case.find("skipped") is not None:
                self.skipped += 1

    def write(self, element: ElementTree.Element, *, skipped: bool = True) -> None:
        """Set the attributes. Without ``skipped``: for ``<testsuites>``, where the schema has no such attribute."""
        element.set("tests", str(self.tests))
        element.set("failures", str(self.failures))
        element.set("errors", str(self.errors))
        if skipped:
            element.set("skipped", str(self.skipped))


class _Builder(ElementTree.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, *_: object) -> None:
        raise UnreadableReport("it has a DOCTYPE, which could declare entities")

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableReport(f"its elements are nested deeper than {MAX_DEPTH}")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def read_suites(text: str, prefix: str) -> list[ElementTree.Element]:
    """Return the suites of a document, with ``prefix`` before each name and recomputed totals.

    Raises ``UnreadableReport``.
    """
    root = _parse(text)
    if root.tag == "testsuite":
        suites = [root]
    elif root.tag == "testsuites":
        suites = root.findall("testsuite")
    else:
        raise UnreadableReport(f"its root is <{root.tag[:100]}>, not <testsuites> or <testsuite>")
    for suite in suites:
        suite.tail = None
        for each in suite.iter():
            # Readers refuse the whole document if a time is not a number.
            if "time" in each.attrib and not _TIME.fullmatch(each.attrib["time"]):
                del each.attrib["time"]
        for each in suite.iter("testsuite"):
            each.set("name", each.get("name") or "testsuite")
            Totals(each.iter("testcase")).write(each)
        suite.set("name", prefix + suite.attrib["name"])
        for attribute in [name for name in suite.attrib if name.startswith(_SCHEMA_HINT)]:
            del suite.attrib[attribute]
    return suites


def _parse(text: str) -> ElementTree.Element:
    if len(text) > MAX_DOCUMENT:
        raise UnreadableReport(f"it is longer than {MAX_DOCUMENT} characters")
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(text)
        root: ElementTree.Element = parser.close()
    except ElementTree.ParseError as error:
        raise UnreadableReport(f"it is not well-formed XML: {error}") from None
    except UnicodeEncodeError:
        raise UnreadableReport("it is not encoded in UTF-8") from None
    return root
