"""`make mutants`: takes parts of prox away, one at a time, and sees that tests turn red.

Works on a clone, so on what is committed. Ends with code 1 where a mutant survives.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """``old`` is what stands in ``file`` exactly once, ``new`` comes in its place; ``tests`` are to notice."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "the watchdog is told nothing",
        "prox/runtime/watchdog.py",
        '        self._write(b"".join(os.fsencode(line) + b"\\n" for line in lines))\n',
        "",
        ("tests/guarantees/test_nothing_left.py::test_prox_is_killed",),
    ),
    Mutant(
        "the watchdog does nothing at the end",
        "prox/watchdog/program.py",
        "        end(watch_list.leftovers)\n",
        "",
        ("tests/guarantees/test_nothing_left.py::test_prox_is_killed",),
    ),
    Mutant(
        "pipes are not drained",
        "prox/runtime/process_run.py",
        "drains = [trio.CancelScope(shield=True) for _ in self.child.streams]",
        "drains = [trio.CancelScope() for _ in self.child.streams]",
        ("tests/runtime/test_supervisor.py", "tests/guarantees/test_nothing_lost.py"),
    ),
    Mutant(
        "the origin of a request is not looked at",
        "prox/api/browser_safety.py",
        '    check_origin(headers.getlist("Origin"), headers.get("Sec-Fetch-Site", ""))\n',
        "",
        ("tests/api/test_browser_safety.py",),
    ),
    Mutant(
        "the host of a request is not looked at",
        "prox/api/browser_safety.py",
        "    if not settings.auth:\n",
        "    if False:\n",
        ("tests/api/test_browser_safety.py",),
    ),
    Mutant(
        "the token is not asked for",
        "prox/api/browser_safety.py",
        "    if settings.auth and settings.token and asked.path != HEALTH_PATH and not preflight:\n",
        "    if False:\n",
        ("tests/api/test_auth.py",),
    ),
    Mutant(
        "the group is not killed",
        "prox/runtime/child.py",
        "            if self._grace.cancel_called:\n                await kill_group(self.pid)\n",
        "",
        ("tests/runtime/test_child.py",),
    ),
    Mutant(
        "what leaves the group is not ended",
        "prox/runtime/run_leftovers.py",
        "        await self._finder.end(\n",
        "        await self._finder.find(self._owns)\n        return\n        await self._finder.end(\n",
        ("tests/e2e/test_stop.py", "tests/guarantees/test_churn.py::test_exits_with_a_grandchild_that_holds_the_pipe"),
    ),
    Mutant(
        "terminal control sequences are let through",
        "prox/sinks/render.py",
        "        shown = batch if self._raw else _cleaned(batch, color=self._color)\n",
        "        shown = batch\n",
        ("tests/sinks/test_render.py", "tests/sinks/test_console.py"),
    ),
    Mutant(
        "a failed dependency counts as completed",
        "prox/core/scheduling.py",
        "            return fact.finished and fact.succeeded\n",
        "            return fact.finished\n",
        ("tests/runtime/test_process_set.py",),
    ),
    Mutant(
        "processes that jobs need are stopped at once",
        "prox/runtime/job_runner.py",
        "        return self._users[name] > 0\n",
        "        return False\n",
        ("tests/runtime/test_job_runner.py",),
    ),
)


def main() -> int:
    survived = []
    with tempfile.TemporaryDirectory(prefix="prox-mutants-") as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(clone)], check=True)
        python = _environment(Path(folder, "venv"), clone)
        wanted = sorted({test for mutant in MUTANTS for test in mutant.tests})
        if not _pass(python, clone, wanted):
            print("the tests fail without any mutant", file=sys.stderr)
            return 1
        for mutant in MUTANTS:
            path = clone / mutant.file
            text = path.read_text()
            assert text.count(mutant.old) == 1, f"{mutant.what}: {mutant.file} does not hold it once"
            path.write_text(text.replace(mutant.old, mutant.new))
            lives = _pass(python, clone, mutant.tests)
            path.write_text(text)
            print(f"{'SURVIVED' if lives else 'killed  '}  {mutant.what}", flush=True)
            if lives:
                survived.append(mutant.what)
    return 1 if survived else 0


def _environment(folder: Path, clone: Path) -> Path:
    """Make a virtual environment in which prox is the clone's, and all else ours; return its Python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = [str(clone), *dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))]
    Path(found.stdout.strip(), "mutants.pth").write_text("\n".join(paths) + "\n")
    return python


def _pass(python: Path, clone: Path, tests: tuple[str, ...] | list[str]) -> bool:
    command = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    ran = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise SystemExit(f"the tests could not be run:\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
