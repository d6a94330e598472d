"""The test tree mirrors the source tree: prox/core/health.py is tested in tests/core/test_health.py.

Every module has a test file, or several whose names begin with its name (test_supervisor_simulated.py). Tests of the
whole program are in tests/e2e/, of its guarantees in tests/guarantees/, of the dashboard in tests/web/. Tests
that documents name exist.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import grimp
import pytest

TESTS = Path(__file__).parent
PROX = TESTS.parent / "prox"
DOCS = TESTS.parent / "docs"
OF_THE_PROJECT = {"test_layout.py", "test_example.py", "test_docs.py", "test_reference.py"}
"""Tests of what is not in prox/."""
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
"""How a document names a test, or a file of them."""


def test_each_test_file_stands_where_its_module_does() -> None:
    lost = [str(path.relative_to(TESTS.parent)) for path in sorted(TESTS.rglob("*.py")) if not has_its_place(path)]
    assert lost == []


def has_its_place(path: Path) -> bool:
    place = path.relative_to(TESTS)
    if (
        place.parts[0] in {"e2e", "guarantees", "helpers", "web"}
        or place.name == "conftest.py"
        or place.name in OF_THE_PROJECT
    ):
        return True
    modules = {module.stem for module in (PROX / place.parent).glob("[!_]*")}
    name = place.stem.removeprefix("test_")
    return place.name.startswith("test_") and any(name == module or name.startswith(f"{module}_") for module in modules)


def test_each_module_has_its_test_file() -> None:
    """Modules whose names begin with an underscore are parts of their package."""
    modules = [path for path in PROX.rglob("[!_]*.py") if not path.name.startswith("_")]
    untested = [str(path.relative_to(PROX.parent)) for path in sorted(modules) if not has_its_test(path)]
    assert untested == []


def has_its_test(module: Path) -> bool:
    folder = TESTS / module.parent.relative_to(PROX)
    return any(
        path.stem == f"test_{module.stem}" or path.stem.startswith(f"test_{module.stem}_")
        for path in folder.glob("test_*.py")
    )


def test_no_modules_import_each_other() -> None:
    """Directly or in a circle, at the top or in a function, for types only or not."""
    graph = grimp.build_graph("prox")
    edges = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # A module that imports none of the rest is in no circle.
    while done := {module for module, imported in edges.items() if not imported & edges.keys()}:
        edges = {module: imported for module, imported in edges.items() if module not in done}
    assert edges == {}


@pytest.mark.parametrize("name", ["security.md", "guarantees.md"])
def test_each_test_that_a_document_names_is_there(name: str) -> None:
    named = NAMED.findall((DOCS / name).read_text(encoding="utf-8"))
    assert named
    assert [f"{path}::{test}" for path, test in named if not is_test(TESTS.parent / path, test)] == []


def is_test(path: Path, name: str) -> bool:
    """Say whether a file has a test of that name; of no name, whether there is such a file."""
    return path.is_file() and (not name or name in functions_of(path))


@cache
def functions_of(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_bytes()).body if isinstance(node, functions)}


def test_docstrings_name_their_subject() -> None:
    """A docstring begins with a verb or a noun phrase (docs/contributing.md)."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        f"{path.relative_to(PROX)}: {text.splitlines()[0]}"
        for path in sorted(PROX.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, kinds) and (text := ast.get_docstring(node) or "")
        if re.match(r"(?:What|Who|That|Whatever)\b", text)
    ]
    assert found == []
