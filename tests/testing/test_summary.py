"""The table of ``--prox-show``."""

from __future__ import annotations

from types import SimpleNamespace

from prox.testing.summary import Summary


class Terminal:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(title)

    def line(self, text: str) -> None:
        self.lines.append(" ".join(text.split()))


def report(*figures: tuple[str, float | None, int]) -> SimpleNamespace:
    keys = ("name", "ready_seconds", "restarts")
    return SimpleNamespace(prox_figures=[dict(zip(keys, each, strict=True)) for each in figures])


def test_each_process_is_a_row_with_the_number_of_its_tests() -> None:
    summary, terminal = Summary(), Terminal()
    summary.pytest_runtest_logreport(report(("web", 0.5, 0), ("db", None, 0)))
    summary.pytest_runtest_logreport(report(("web", 0.25, 2)))
    summary.pytest_runtest_logreport(SimpleNamespace())
    summary.pytest_terminal_summary(terminal)
    assert terminal.lines == [
        "processes of prox",
        "name ready after restarts tests",
        "db - 0 1",
        "web 0.25 s 2 2",
    ]


def test_nothing_is_printed_if_no_process_was_used() -> None:
    summary, terminal = Summary(), Terminal()
    summary.pytest_runtest_logreport(SimpleNamespace())
    summary.pytest_terminal_summary(terminal)
    assert terminal.lines == []
