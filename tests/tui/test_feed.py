"""The feed of a real instance: its events, its loss, its return, and a UI that is behind."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import NoInstance
from prox.tui import feed as module
from prox.tui.feed import Connected, Feed, Lost
from prox.tui.records import Record, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.project import Project

SECONDS = 30.0


class Reader:
    """Takes what a feed has, and keeps it."""

    def __init__(self, project: Project) -> None:
        self._woken = threading.Event()
        self.items: list[object] = []

        def find() -> Client:
            state = project.state()
            if state is None:
                raise NoInstance("no instance is running")
            return Client(Target(host=state["host"], port=state["port"], instance=state["instance"]))

        self.feed = Feed(find, self._woken.set)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert self._woken.wait(max(0, deadline - time.monotonic())), self.items
            self._woken.clear()
            self.items += self.feed.take()

    @property
    def texts(self) -> list[str]:
        return [
            record.line
            for item in self.items
            if isinstance(item, list)
            for record in item
            if isinstance(record, Record)
        ]


@pytest.fixture
def reader(project: Project) -> Reader:
    project.write("api: {port: 0}\nprocesses: {web: 'echo one; echo two; exec sleep 1000'}")
    return Reader(project)


def test_events_of_an_instance_and_of_the_next_one(project: Project, reader: Reader) -> None:
    with project.up():
        reader.feed.start()
        reader.until(lambda: reader.texts[-1:] == ["two"] or "two" in reader.texts)
        assert isinstance(reader.items[0], Connected)
        assert not reader.items[0].is_new
        assert any(isinstance(item, Snapshot) for item in reader.items)
    reader.until(lambda: any(isinstance(item, Lost) for item in reader.items))
    assert "shutdown" in reader.items
    seen = len(reader.texts)
    with project.up():
        reader.until(lambda: "two" in reader.texts[seen:])
        assert [item.is_new for item in reader.items if isinstance(item, Connected)] == [False, True]
        # Nothing of the first instance comes again.
        assert reader.texts[seen:].count("one") == 1
        reader.feed.close()


def test_a_ui_that_is_behind_makes_the_feed_wait(
    project: Project, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1000)
    project.write("api: {port: 0}\nlogs: {buffer_lines: 50000}\nprocesses: {web: 'seq 20000; exec sleep 1000'}")
    with project.up() as prox:
        prox.wait_line("│ 20000")
        reader.feed.start()
        reader.until(lambda: "20000" in reader.texts)
        assert len(reader.texts) >= 10_000
        reader.feed.close()


def test_without_an_instance_it_says_why(reader: Reader) -> None:
    reader.feed.start()
    reader.until(lambda: bool(reader.items))
    assert reader.items[0] == Lost("no instance is running")
    reader.feed.close()
