"""Real files, and a real watch of them.

That something is not reported is shown by what is: a file that counts is changed after it, and reported alone.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.project import wait_until
from prox.core.config.model import Watch
from prox.runtime import file_events, watcher
from prox.runtime.watcher import watch_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

DEBOUNCE = 0.3
"""Longer than what a busy machine may need between two changes of one burst."""


class Watched:
    """A project's folder, and what is reported of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[str] = []
        self._send, self._receive = trio.open_memory_channel[tuple[str, list[str]]](1000)

    def changed(self, name: str, paths: Sequence[str]) -> None:
        self._send.send_nowait((name, list(paths)))

    async def next(self) -> tuple[str, list[str]]:
        with trio.fail_after(60):
            return await self._receive.receive()

    def write(self, path: str, text: str = "") -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text or os.urandom(8).hex())

    async def expect(self, *paths: str) -> None:
        """See that the next report is of these paths, all at once."""
        assert await self.next() == ("api", sorted(paths))

    async def expect_only(self, path: str) -> None:
        """Change a file that counts, and see that nothing else is reported."""
        self.write(path)
        await self.expect(path)

    @asynccontextmanager
    async def watching(
        self, *paths: str, ignore: Sequence[str] = (), debounce: float = DEBOUNCE
    ) -> AsyncIterator[None]:
        async with self.watching_all({"api": Watch(paths=paths, ignore=tuple(ignore), debounce=debounce)}):
            yield

    @asynccontextmanager
    async def watching_all(self, watches: Mapping[str, Watch]) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(60):
                await nursery.start(watch_files, self.folder, watches, self.changed, self.reports.append)
            yield
            nursery.cancel_scope.cancel()


@pytest.fixture
async def project(tmp_path: Path) -> Watched:
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    watched = Watched(folder)
    watched.write("src/main.py")
    return watched


@pytest.fixture(params=["events", "polling"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How changes are found: by events, or by polling, as if there were no events."""
    if request.param == "polling":
        without_events(monkeypatch, OSError("OS file watch limit reached."))
    return request.param


def without_events(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*args: object) -> None:
        raise error

    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", refuse)
    monkeypatch.setattr(watcher, "POLL_INTERVAL", 0.05)


async def test_a_change_after_the_start_is_never_missed(project: Watched, way: str) -> None:
    for _ in range(5):
        async with project.watching("src", debounce=0.05):
            project.write("src/main.py")
            await project.expect("src/main.py")


async def test_a_burst_is_reported_once(project: Watched, way: str) -> None:
    names = [f"src/{number}.py" for number in range(200)]
    async with project.watching("src"):
        for name in names:
            project.write(name)
            await trio.lowlevel.checkpoint()
        await project.expect(*names)
        await project.expect_only("src/main.py")


async def test_a_burst_without_an_end_is_reported_nevertheless(
    project: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LONGEST_BURST", (2, 0.5))
    async with project.watching("src"), trio.open_nursery() as nursery:

        async def write() -> None:
            while True:
                project.write("src/main.py")
                await trio.sleep(0.02)

        nursery.start_soon(write)
        await project.expect("src/main.py")
        await project.expect("src/main.py")
        nursery.cancel_scope.cancel()


async def test_ignored_output_of_a_build_causes_nothing(project: Watched, way: str) -> None:
    project.write(".gitignore", "dist/\n*.log\n")
    async with project.watching("."):
        for path in ("dist/app.js", "dist/x/y/app.js", "src/a.log", "node_modules/x/index.js", ".git/index"):
            project.write(path)
        for path in ("src/__pycache__/main.pyc", ".venv/lib/a.py", ".prox/logs/api.log", "src/.main.py.swp"):
            project.write(path)
        await project.expect_only("src/main.py")
        project.write("dist/x/y/app.js")
        project.write("src/__pycache__/main.pyc")
        await project.expect_only("src/main.py")


async def test_ignored_folders_have_no_watch(project: Watched) -> None:
    project.write(".gitignore", "dist/\n")
    project.write("dist/x/app.js")
    project.write("node_modules/x/index.js")
    project.write("lib/x.py")
    tree = watcher.look(str(project.folder), [watcher.Selection(Watch(paths=("src", "*.toml")), str(project.folder))])
    assert tree.folders == {str(project.folder), f"{project.folder}/src"}
    tree = watcher.look(str(project.folder), [watcher.Selection(Watch(paths=(".",)), str(project.folder))])
    assert tree.folders == {f"{project.folder}{each}" for each in ("", "/src", "/lib")}


async def test_ignore(project: Watched) -> None:
    async with project.watching("src", ignore=["**/*.pyc", "gen/"]):
        project.write("src/main.pyc")
        project.write("src/gen/main.py")
        await project.expect_only("src/main.py")


async def test_an_edit_of_gitignore_takes_effect(project: Watched, way: str) -> None:
    project.write("src/gen/a.py")
    project.write("src/b.log")
    async with project.watching("src/**/*.py", "src/**/*.log"):
        project.write("src/gen/a.py")
        await project.expect("src/gen/a.py")
        project.write(".gitignore", "gen/\n")
        project.write("src/main.py")
        await project.expect("src/main.py")
        project.write("src/gen/a.py")
        await project.expect_only("src/main.py")
        # What is no longer ignored has not changed by that.
        (project.folder / ".gitignore").unlink()
        await project.expect_only("src/main.py")
        project.write("src/gen/a.py")
        await project.expect("src/gen/a.py")
        project.write("src/.gitignore", "*.log\n")
        await project.expect_only("src/main.py")
        project.write("src/b.log")
        await project.expect_only("src/main.py")


async def test_rules_of_the_repository_above(project: Watched) -> None:
    above = project.folder.parent
    (above / ".git").mkdir()
    (above / ".gitignore").write_text("*.log\n")
    async with project.watching("src"):
        project.write("src/a.log")
        await project.expect_only("src/main.py")
        (above / ".gitignore").write_text("")
        await project.expect_only("src/main.py")
        await project.expect_only("src/a.log")


async def test_a_folder_next_to_the_project(project: Watched) -> None:
    """In the same repository, whose rules apply; the rules of a folder above the repository do not."""
    above = project.folder.parent
    (above / ".gitignore").write_text("*.py\n")
    project.write("../shared/a.py")
    async with project.watching("src", "../shared"):
        await project.expect_only("src/main.py")
        await project.expect_only("../shared/a.py")
    (above / ".git").mkdir()
    (above / ".gitignore").write_text("*.log\n")
    async with project.watching("src", "../shared", "../later"):
        project.write("../shared/a.log")
        await project.expect_only("../shared/a.py")
        await project.expect_only("../later/a.py")


async def test_a_new_folder(project: Watched, way: str) -> None:
    async with project.watching("src"):
        project.write("src/new/deep/a.py")
        project.write("src/new/b.py")
        await project.expect("src/new/b.py", "src/new/deep/a.py")
        await project.expect_only("src/new/deep/a.py")


async def test_a_path_that_does_not_exist_yet(project: Watched, way: str) -> None:
    async with project.watching("web/static", "conf/app.toml", "../shared", "*.toml"):
        project.write("web/other/a.js")
        project.write("web/static/a.js")
        await project.expect("web/static/a.js")
        project.write("conf/app.toml")
        await project.expect("conf/app.toml")
        project.write("../shared/lib/a.py")
        await project.expect("../shared/lib/a.py")
        await project.expect_only("a.toml")


async def test_a_folder_is_deleted_and_created_again(project: Watched, way: str) -> None:
    async with project.watching("src"):
        for _ in range(3):
            (project.folder / "src/main.py").unlink()
            (project.folder / "src").rmdir()
            await project.expect("src/main.py")
            project.write("src/main.py")
            await project.expect("src/main.py")
            await project.expect_only("src/main.py")
        # At once.
        (project.folder / "src/main.py").unlink()
        (project.folder / "src").rmdir()
        project.write("src/main.py")
        await project.expect("src/main.py")
        await project.expect_only("src/main.py")


async def test_the_project_is_deleted_and_created_again(project: Watched, way: str) -> None:
    async with project.watching("src"):
        for path in ("src/main.py", "src", ""):
            (project.folder / path).unlink() if path.endswith(".py") else (project.folder / path).rmdir()
        await project.expect("src/main.py")
        project.write("src/main.py")
        await project.expect("src/main.py")
        await project.expect_only("src/main.py")


async def test_a_folder_is_moved(project: Watched, way: str) -> None:
    project.write("src/old/a.py")
    async with project.watching("src"):
        (project.folder / "src/old").rename(project.folder / "src/new")
        await project.expect("src/new/a.py", "src/old/a.py")
        (project.folder / "src/new").rename(project.folder / "elsewhere")
        await project.expect("src/new/a.py")
        project.write("elsewhere/a.py")
        await project.expect_only("src/main.py")


def save_by_rename(path: Path) -> None:
    path.with_name(f".{path.name}.tmp").write_text("new")
    path.with_name(f".{path.name}.tmp").rename(path)


def save_with_backup(path: Path) -> None:
    """As Vim does with ``backupcopy=no``."""
    path.with_name("4913").touch()
    path.with_name("4913").unlink()
    path.rename(f"{path}~")
    path.write_text("new")
    Path(f"{path}~").unlink()


def touch(path: Path) -> None:
    os.utime(path)


@pytest.mark.parametrize("save", [save_by_rename, save_with_backup, touch, Path.unlink])
@pytest.mark.parametrize("paths", ["src", "src/main.py", "src/*.py"])
async def test_a_save_counts_once(project: Watched, save: Callable[[Path], None], paths: str, way: str) -> None:
    async with project.watching(paths):
        save(project.folder / "src/main.py")
        await project.expect("src/main.py")
        await project.expect_only("src/main.py")


async def test_a_file_is_renamed(project: Watched, way: str) -> None:
    async with project.watching("src"):
        (project.folder / "src/main.py").rename(project.folder / "src/other.py")
        await project.expect("src/main.py", "src/other.py")


async def test_globs(project: Watched, way: str) -> None:
    async with project.watching("src/**/*.py", "*.toml"):
        for path in ("src/a.js", "a.py", "conf/a.toml"):
            project.write(path)
        await project.expect_only("a.toml")
        project.write("src/x/a.js")
        await project.expect_only("src/x/a.py")


async def test_an_ignored_path_that_is_named(project: Watched, way: str) -> None:
    project.write(".gitignore", "dist/\n")
    async with project.watching("src", "dist/app.js"):
        project.write("dist/app.map")
        await project.expect_only("dist/app.js")
        await project.expect_only("src/main.py")


async def test_each_process_has_its_own_watch(project: Watched) -> None:
    watches = {
        "api": Watch(paths=("src",), debounce=0.5),
        "web": Watch(paths=(".",), debounce=0.1),
        "idle": Watch(paths=("idle",)),
    }
    async with project.watching_all(watches):
        project.write("src/main.py")
        assert await project.next() == ("web", ["src/main.py"])
        assert await project.next() == ("api", ["src/main.py"])


async def test_links(project: Watched) -> None:
    """A link that is named is followed; another is not, nor does a loop matter."""
    real = project.folder.parent / "real"
    real.mkdir()
    (project.folder / "named").symlink_to(real)
    (project.folder / "src/loop").symlink_to(project.folder)
    (project.folder / "src/real").symlink_to(real)
    async with project.watching("named"):
        (real / "a.py").touch()
        await project.expect("named/a.py")
    async with project.watching("src"):
        (real / "a.py").write_text("x")
        await project.expect_only("src/main.py")


async def test_what_is_no_file(project: Watched) -> None:
    async with project.watching("src"):
        os.mkfifo(project.folder / "src/fifo")
        os.close(os.open(os.fsencode(project.folder / "src") + b"/\xff.py", os.O_CREAT))
        await project.expect_only("src/main.py")
        await project.expect_only("src/main.py")
    assert project.reports == []


async def test_a_large_gitignore_is_not_read(project: Watched) -> None:
    project.write(".gitignore", "*.py\n" + "#" * 1024 * 1024)
    async with project.watching("src"):
        await project.expect_only("src/main.py")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError("OS file watch limit reached. about [...]"),
            r"cannot watch 2 folders: .* fs\.inotify\.max_user_watches.*;",
        ),
        (
            RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"),
            "max_user_instances .*;",
        ),
        (OSError("some other error"), "cannot watch 2 folders: some other error;"),
    ],
)
async def test_without_events(
    project: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    without_events(monkeypatch, error)
    async with project.watching("src"):
        await project.expect_only("src/main.py")
        await project.expect_only("src/new/a.py")
    (report,) = project.reports
    assert re.search(message, report)
    assert report.endswith("; watched files are polled instead")


async def test_folders_that_appear_while_the_watch_is_set_up(project: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: in the end, all are watched."""
    monkeypatch.setattr(watcher, "POLL_INTERVAL", 0.05)
    real, left = file_events.look, list(range(20))

    def look(*args: object) -> object:
        tree = real(*args)  # type: ignore[arg-type]
        if left:
            project.write(f"src/{left.pop()}/a.py")
        return tree

    monkeypatch.setattr(file_events, "look", look)
    async with project.watching("src"):
        seen: list[str] = []
        while left or "src/0/a.py" not in seen:
            seen += (await project.next())[1]
        project.write("src/0/a.py")
        await project.expect("src/0/a.py")


async def test_a_cancel_leaves_no_thread(project: Watched) -> None:
    async with project.watching("src"):
        await project.expect_only("src/main.py")
        assert waiting_threads() != []
    assert waiting_threads() == []
    await trio.to_thread.run_sync(wait_for_native_thread)


def waiting_threads() -> list[str]:
    """Return the threads that do something; Trio keeps idle ones for a while, under other names."""
    return [thread.name for thread in threading.enumerate() if "watch_files" in thread.name]


def wait_for_native_thread() -> None:
    """Wait until the thread of watchfiles is gone, which ends a little after its watch."""
    wait_until(lambda: "notify-rs inoti" not in native_threads(), timeout=5)


def native_threads() -> list[str]:
    """Return the names of all threads, on Linux."""
    names = []
    for task in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):
            names.append(task.read_text().strip())
    return names
