"""The modules of the dashboard that need no DOM, tested by Node.js's own test runner (`node --test`)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "prox" / "web"
MODULES = [*WEB.glob("*.js"), *(WEB / "views").glob("*.js")]


@pytest.mark.real("node")
@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_modules(path: Path) -> None:
    """Pass files, not the folder: the meaning of a folder differs between versions of Node.js."""
    command = ["node", "--test", "--test-reporter=spec", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass 0" not in run.stdout


def test_lines_fit_the_limit() -> None:
    paths = [*MODULES, *WEB.glob("*.css"), *WEB.glob("*.html"), *HERE.glob("*.mjs")]
    assert paths
    long = [
        f"{path.name}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert long == []


def test_modules_use_nothing_that_the_policy_forbids() -> None:
    forbidden = re.compile(r"""\beval\(|new Function|innerHTML|unsafeHTML|["'`]data:|\bstyle=|https?://""")
    found = [
        f"{path.name}: {word}"
        for path in [*MODULES, WEB / "index.html"]
        for word in forbidden.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.real("node")
def test_the_style_sheet_knows_the_colours_of_terminals() -> None:
    script = "import { ANSI_CLASSES } from './prox/web/ansi.js'; console.log(ANSI_CLASSES.join(' '))"
    command = ["node", "--input-type=module", "-e", script]
    run = subprocess.run(command, capture_output=True, text=True, cwd=WEB.parents[1], check=True)
    sheet = (WEB / "log.css").read_text(encoding="utf-8")
    assert [name for name in run.stdout.split() if f".{name} {{" not in sheet] == []
