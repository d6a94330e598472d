"""The UI in lines: what it prints, and what its commands do."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING, TextIO

import pytest

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import NoInstance
from prox.tui.accessible import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

SECONDS = 30.0


class Talk:
    """The UI in a thread: commands go in, and its output is read line by line."""

    def __init__(self, project: Project, output: Output) -> None:
        def find() -> Client:
            state = project.state()
            if state is None:
                raise NoInstance("no instance is running")
            return Client(Target(host=state["host"], port=state["port"], instance=state["instance"]))

        reading, writing = os.pipe()
        self.commands: TextIO = os.fdopen(writing, "w")
        self._input = os.fdopen(reading)
        self.result: list[bool] = []
        self._thread = threading.Thread(
            target=lambda: self.result.append(run(find, owns=True, commands=self._input, output=output)), daemon=True
        )
        self._thread.start()

    def say(self, line: str) -> None:
        print(line, file=self.commands, flush=True)

    def end(self) -> None:
        self.commands.close()
        self._thread.join(SECONDS)
        self._input.close()


@pytest.fixture
def talk(project: Project) -> Iterator[tuple[Talk, Output]]:
    project.write(
        "api: {port: 0}\nprocesses: {web: 'echo \"ready \\033[31mred\"; exec sleep 1000', api: exec sleep 1000}"
    )
    output = Output()
    with project.up() as prox:
        prox.wait_line("ready")
        talk = Talk(project, output)
        yield talk, output
        talk.end()


class Output(io.TextIOWrapper):
    """Standard output that a test can wait on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bytes = b""
        super().__init__(_Raw(self._add), encoding="utf-8", write_through=True)

    def _add(self, data: bytes) -> None:
        with self._changed:
            self._bytes += data
            self._changed.notify_all()

    def until(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self._bytes.decode(), SECONDS), self._bytes.decode()


class _Raw(io.BytesIO):
    def __init__(self, add: object) -> None:
        super().__init__()
        self._add = add

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._add(bytes(data))  # type: ignore[operator]
        return len(data)


def test_lines_and_commands(talk: tuple[Talk, Output]) -> None:
    ui, output = talk
    # Colours are left out.
    output.until("web: ready red\n")
    ui.say("status")
    output.until("api is running\n")
    ui.say("only nobody")
    output.until("no process named 'nobody'")
    ui.say("only api")
    output.until("lines of api\n")
    ui.say("all")
    output.until("lines of all processes\n")
    ui.say("filter ~(")
    output.until("not a regular expression")
    ui.say("filter x")
    output.until("lines that match x\n")
    ui.say("filter")
    output.until("all lines\n")
    ui.say("restart web")
    output.until("web: restarted\n")
    ui.say("start web")
    output.until("web is already running")
    ui.say("stop")
    output.until("stop needs the name of a process\n")
    ui.say("")
    ui.say("help")
    output.until("kill NAME")
    ui.say("quit")
    ui.end()
    assert ui.result == [True]


def test_detaching_and_the_end_of_the_input(talk: tuple[Talk, Output]) -> None:
    ui, output = talk
    output.until("connected")
    ui.say("detach")
    ui.end()
    assert ui.result == [False]


def test_the_end_of_the_input_quits(talk: tuple[Talk, Output]) -> None:
    ui, output = talk
    output.until("web: ready")
    ui.end()
    assert ui.result == [True]
