"""The test tree mirrors the source tree: prox/core/health.py is tested in tests/core/test_health.py.

What a module needs several files for has its name first (test_supervisor_stop.py); what runs the whole program is
in tests/e2e/.
"""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
PROX = TESTS.parent / "prox"
OF_THE_PROJECT = {"test_layout.py", "test_example.py"}
"""Tests of what is not in prox/."""


def test_each_test_file_stands_where_its_module_does() -> None:
    lost = [str(path.relative_to(TESTS.parent)) for path in sorted(TESTS.rglob("*.py")) if not has_its_place(path)]
    assert lost == []


def has_its_place(path: Path) -> bool:
    place = path.relative_to(TESTS)
    if place.parts[0] in {"e2e", "helpers"} or place.name == "conftest.py" or place.name in OF_THE_PROJECT:
        return True
    modules = {module.stem for module in (PROX / place.parent).glob("[!_]*")}
    name = place.stem.removeprefix("test_")
    return place.name.startswith("test_") and any(name == module or name.startswith(f"{module}_") for module in modules)
