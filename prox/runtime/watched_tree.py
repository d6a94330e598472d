"""Scan of the folders that ``watch`` needs: folders, state of the files, and .gitignore rules."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prox.core.watching import IGNORE_FILE, GitIgnore, IgnoreRules, is_within

if TYPE_CHECKING:
    from collections.abc import Collection

    from prox.core.watching import Selection

MAX_IGNORE_FILE = 1024 * 1024
"""Bytes; a larger .gitignore is not read."""

FileState = tuple[int, int, int, int]
"""Inode, size, and times of the last change of content and of anything (nanoseconds)."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The watched folders at one moment."""

    folders: set[str]
    files: dict[str, FileState]
    gitignore: GitIgnore
    rules: dict[str, IgnoreRules]
    """The rules of each folder, which ``gitignore`` uses."""
    read_from: dict[str, FileState]
    """By folder, the state of the .gitignore file when its rules were read."""


def look(folder: str, selections: Collection[Selection], before: Tree | None = None) -> Tree:
    """Scan all folders that the selections need. ``before``: the last result, whose unchanged rules are reused.

    Symbolic links to folders are followed only if a path in prox.yaml names them. Unreadable folders and names that
    are not UTF-8 are skipped.
    """
    folders: set[str] = set()
    rules: dict[str, IgnoreRules] = {}
    tree = Tree(folders, {}, GitIgnore(rules), rules, {})
    for above in _repository_above(folder):
        folders.add(above)
        _read_rules(above, tree, before)
    outside = {os.path.dirname(path) for each in selections for path in each.prefixes if not is_within(path, folder)}
    # Shortest first: rules must be read before they are applied to the folders below.
    waiting = sorted({_existing(path) for path in (folder, *outside)}, key=len, reverse=True)
    walked = set[str]()
    while waiting:
        path = waiting.pop()
        entries = _entries(path)
        if path in walked or entries is None:
            continue
        walked.add(path)
        folders.add(path)
        if path == folder or not is_within(folder, path):
            # Above the project, only the rules of its repository apply.
            _read_rules(path, tree, before)
        for entry in entries:
            try:
                if any(each.names_folder(entry.path) for each in selections) and entry.is_dir():
                    waiting.append(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    if any(each.wants_folder(entry.path, tree.gitignore) for each in selections):
                        waiting.append(entry.path)
                elif state := state_of(entry.stat(follow_symlinks=False)):
                    tree.files[entry.path] = state
            except OSError:
                continue
    return tree


def state_at(path: str) -> FileState | None:
    """Return the state of a file, None if it does not exist."""
    try:
        return state_of(os.lstat(path))
    except OSError:
        return None


def state_of(status: os.stat_result) -> FileState | None:
    """Return the state of a regular file or symbolic link, None for anything else."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _existing(path: str) -> str:
    """Return a folder or its nearest existing parent."""
    while not os.path.isdir(path) and path != "/":
        path = os.path.dirname(path)
    return path


def _repository_above(folder: str) -> list[str]:
    """Return the parents of a folder up to the root of its Git repository, the nearest first."""
    above: list[str] = []
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return []
        above.append(folder := parent)
    return above


def _entries(path: str) -> list[os.DirEntry[str]] | None:
    """Return the entries of a folder, None if it cannot be read."""
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if _is_utf8(entry.name)]
    except OSError:
        return None


def _is_utf8(name: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in name)


def _read_rules(folder: str, tree: Tree, before: Tree | None) -> None:
    """Read the .gitignore of a folder. As in Git, it must not be a symbolic link."""
    path = os.path.join(folder, IGNORE_FILE)
    try:
        state = state_at(path)
        if state is None:
            return
        if before and before.read_from.get(folder) == state:
            tree.rules[folder], tree.read_from[folder] = before.rules[folder], state
            return
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_IGNORE_FILE and (state := state_of(status)):
                text = file.read(MAX_IGNORE_FILE).decode("utf-8-sig", "replace")
                tree.rules[folder], tree.read_from[folder] = IgnoreRules(text.split("\n")), state
    except OSError:
        return
