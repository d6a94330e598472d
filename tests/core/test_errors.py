"""Errors: the sentence for a person, and the word for a program."""

from __future__ import annotations

import inspect

import pytest

from prox.core import errors
from prox.core.errors import ConfigError, Problem, ProxError


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("prox.yaml", 3, 5, "processes.api", "is bad"), "prox.yaml:3:5: processes.api: is bad"),
        (Problem("prox.yaml", 3, 5, "", "is bad"), "prox.yaml:3:5: is bad"),
        (Problem("prox.yaml", 0, 0, "", "is not UTF-8"), "prox.yaml: is not UTF-8"),
        (Problem("prox.yaml", 0, 0, "api", "is bad"), "prox.yaml: api: is bad"),
    ],
)
def test_a_problem_begins_with_its_place(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problems_sort_by_file_and_line_and_column() -> None:
    places = [("a", 10, 1), ("a", 9, 2), ("b", 1, 1), ("a", 9, 1)]
    problems = sorted(Problem(file, line, column, "", "x") for file, line, column in places)
    assert [(each.file, each.line, each.column) for each in problems] == sorted(places)


def test_a_config_error_has_all_problems_one_a_line() -> None:
    problems = (Problem("a", 1, 2, "", "x"), Problem("b", 3, 4, "", "y"))
    error = ConfigError(problems)
    assert error.problems == problems
    assert str(error).splitlines() == ["a:1:2: x", "b:3:4: y"]


def test_every_error_has_a_code_of_its_own() -> None:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, ProxError)]
    codes = {each.code for each in classes}
    assert len(codes) == len(classes)
    assert all(code == code.upper() and code.replace("_", "").isalpha() for code in codes)
