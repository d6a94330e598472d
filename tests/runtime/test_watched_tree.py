"""The scan of watched folders: which folders, which files, and by which rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prox.core.config.model import Watch
from prox.core.watching import Selection
from prox.runtime.watched_tree import MAX_IGNORE_FILE, Tree, look, state_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in ("project/.git", "project/src/deep", "project/node_modules/x", "project/build", "outside"):
        (tmp_path / path).mkdir(parents=True)
    for path in ("src/a.py", "src/deep/b.py", "build/out", "node_modules/x/index.js"):
        (tmp_path / "project" / path).write_text("x")
    (tmp_path / "project" / ".gitignore").write_text("build\n")
    return tmp_path / "project"


def scan(folder: Path, *paths: str, before: Tree | None = None) -> Tree:
    return look(str(folder), [Selection(Watch(paths=paths), str(folder))], before)


def files(tree: Tree, folder: Path) -> set[str]:
    return {os.path.relpath(path, folder) for path in tree.files}


def test_ignored_folders_are_not_scanned_unless_they_are_named(project: Path) -> None:
    assert files(scan(project, "."), project) == {".gitignore", "src/a.py", "src/deep/b.py"}
    assert "build/out" in files(scan(project, "build"), project)


def test_a_state_differs_after_a_change_and_is_none_for_what_is_no_file(project: Path) -> None:
    path = project / "src" / "a.py"
    before = state_at(str(path))
    path.write_text("xy")
    assert before != state_at(str(path))
    assert state_at(str(project / "src")) is None
    assert state_at(str(project / "missing")) is None
    os.mkfifo(project / "src" / "pipe")
    assert "src/pipe" not in files(scan(project, "src"), project)


def test_rules_are_read_again_only_if_their_file_has_changed(project: Path) -> None:
    first = scan(project, ".")
    again = scan(project, ".", before=first)
    assert again.rules[str(project)] is first.rules[str(project)]
    (project / ".gitignore").write_text("src\n")
    changed = scan(project, ".", before=again)
    assert files(changed, project) == {".gitignore", "build/out"}


def test_rules_of_the_repository_above_the_project_apply(project: Path) -> None:
    (project / ".gitignore").write_text("deep\n")
    assert files(scan(project / "src", "."), project) == {"src/a.py"}


@pytest.mark.parametrize("how", ["link", "large", "fifo"])
def test_a_gitignore_that_is_no_small_regular_file_is_not_read(project: Path, how: str) -> None:
    file = project / ".gitignore"
    file.unlink()
    if how == "link":
        (project / "rules").write_text("src\n")
        file.symlink_to("rules")
    elif how == "large":
        file.write_text("src\n" + "#" * MAX_IGNORE_FILE)
    else:
        os.mkfifo(file)
    assert "src/a.py" in files(scan(project, "."), project)


def test_a_link_to_a_folder_is_followed_only_if_it_is_named(project: Path) -> None:
    (project.parent / "outside" / "c.py").write_text("x")
    (project / "src" / "link").symlink_to(project.parent / "outside")
    assert "src/link/c.py" not in files(scan(project, "src"), project)
    assert "src/link/c.py" in files(scan(project, "src/link"), project)


def test_the_nearest_parent_of_a_missing_path_is_watched(project: Path) -> None:
    tree = scan(project, "../outside/new/deep")
    assert str(project.parent / "outside") in tree.folders


def test_a_name_that_is_not_utf8_is_skipped(project: Path) -> None:
    with open(os.fsencode(project / "src") + b"/\xff", "wb"):
        pass
    assert files(scan(project, "src"), project) >= {"src/a.py"}
    assert not any("\udcff" in path for path in scan(project, "src").files)
