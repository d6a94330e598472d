"""Decide which changed files count for a process's ``watch``. Paths are absolute POSIX paths, handled as text.

``ignore`` has the syntax of .gitignore, relative to the project directory, and precedes the .gitignore files.
In ``paths``, a glob is matched segment by segment (``*``, ``?``, ``[…]``; ``**`` is any number of directories). A glob
that matches a directory includes everything below it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prox.core.config.model import Watch

IGNORE_FILE = ".gitignore"
IGNORED_NAMES = frozenset({".git", ".prox", ".venv", "__pycache__", "node_modules"})
"""Files and folders that are ignored wherever they are, unless ``paths`` names them or something in them."""
EDITOR_FILES = ("*.swp", "*~", ".#*", "4913")
"""Swap, backup and lock files of editors; Vim creates ``4913`` to see whether a folder is writable."""


_NAME_ANYWHERE = re.compile(r"/?(?:\*\*/)+([^/]+/?)")
"""A pattern with a leading ``**/``, which can be omitted."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One pattern of a .gitignore file, without its ``!``."""

    spec: GitIgnoreSpec
    regex: re.Pattern[str]
    negated: bool
    contents_only: bool
    """The pattern ends with ``/**``: it matches what is in a folder, and not the folder."""
    name_only: bool
    """The pattern has no slash except at its end: it matches the last name of a path."""

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Return whether the pattern matches the path itself; not if it only matches a folder above."""
        if self.name_only:
            path = posixpath.basename(path)
        if is_folder and not self.contents_only:
            path = f"{path}/"
        match = self.regex.search(path)
        # The only group is the slash after a folder that matches. It is the last one possible, as the rest is greedy.
        return match is not None and (match.lastindex is None or match.end(match.lastindex) == len(path))

    def matches_above(self, folder: str) -> bool:
        """Return whether the pattern matches a folder, one above it, or everything in it."""
        return self.spec.match_file(f"{folder}/")


class IgnoreRules:
    """The patterns of one .gitignore file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = tuple(line for text in lines if (line := _parse(text)))
        self._any = GitIgnoreSpec([pattern for line in self._lines for pattern in line.spec.patterns])

    def verdict(self, path: str, *, is_folder: bool, named: str | None) -> bool | None:
        """Return whether a relative path itself is ignored, or None if no pattern matches it: the last one decides.

        A pattern that matches the folder ``named``, which the user has asked for, does not apply to what is in it.
        """
        # One test for all patterns, since most paths match none.
        if not self._any.match_file(f"{path}/" if is_folder else path):
            return None
        for line in reversed(self._lines):
            if line.matches(path, is_folder=is_folder) and not (named and line.matches_above(named)):
                return not line.negated
        return None


def _parse(text: str) -> _Line | None:
    """Return the pattern in a line; None for a comment, an empty line and, as in Git, an invalid pattern."""
    text = text.rstrip("\r\n")
    if text.startswith("#"):
        return None
    negated = text.startswith("!")
    body = text[1:] if negated else text
    if negated and body.startswith(("!", "#")):
        body = f"\\{body}"
    if body.rstrip().endswith("/**/"):
        # Means all folders below it; pathspec would match the folder itself.
        body = f"{body.rstrip()}*/"
    if match := _NAME_ANYWHERE.fullmatch(body.rstrip()):
        body = match[1]
    try:
        spec = GitIgnoreSpec.from_lines([body])
    except ValueError:
        return None
    regex = spec.patterns[0].regex if spec.patterns else None
    if regex is None:
        return None
    text = body.rstrip()
    return _Line(spec, regex, negated, text.endswith("/**"), "/" not in text[:-1])


class GitIgnore:
    """The .gitignore files of a project: the rules of each folder that has such a file.

    Files may be added to the mapping until a path in their folder is queried.
    """

    def __init__(self, files: Mapping[str, IgnoreRules]) -> None:
        self._files = files
        self._known: dict[tuple[str, str, int], bool] = {}
        """Cached results for folders."""

    def ignores(self, path: str, *, is_folder: bool, named: str, first: tuple[str, IgnoreRules]) -> bool:
        """Return whether a path below the folder ``named``, or a folder between the two, is ignored.

        As in Git, nothing in an ignored folder can be included again. ``first``: a folder, and rules relative to it
        that are consulted before all files.
        """
        if path == named or not is_within(path, named):
            return False
        if not is_folder:
            parent = posixpath.dirname(path)
            return self.ignores(parent, is_folder=True, named=named, first=first) or self._verdict(
                path, is_folder=False, named=named, first=first
            )
        key = (path, named, id(first[1]))
        if key not in self._known:
            parent = posixpath.dirname(path)
            self._known[key] = self.ignores(parent, is_folder=True, named=named, first=first) or self._verdict(
                path, is_folder=True, named=named, first=first
            )
        return self._known[key]

    def _verdict(self, path: str, *, is_folder: bool, named: str, first: tuple[str, IgnoreRules]) -> bool:
        base, rules = first
        if is_within(path, base) and path != base:
            # ``ignore`` applies even to explicitly named paths.
            verdict = rules.verdict(posixpath.relpath(path, base), is_folder=is_folder, named=None)
            if verdict is not None:
                return verdict
        folder = path
        while folder != (folder := posixpath.dirname(folder)):
            if here := self._files.get(folder):
                asked = posixpath.relpath(named, folder) if is_within(named, folder) and named != folder else None
                verdict = here.verdict(posixpath.relpath(path, folder), is_folder=is_folder, named=asked)
                if verdict is not None:
                    return verdict
        return False


@dataclass(frozen=True, slots=True)
class _Root:
    """One entry of ``paths``."""

    prefix: str
    """The path up to the first wildcard: a folder; or, without wildcards, the path itself."""
    glob: tuple[str, ...]
    """The segments after ``prefix``; none for a literal path."""
    named: str
    """The path below which ignore rules apply: the literal path itself; for a glob, the project's folder."""


class Selection:
    """A ``watch`` in a project, compiled."""

    def __init__(self, watch: Watch, folder: str) -> None:
        self._roots = tuple(_compile(path, folder) for path in watch.paths)
        self._ignore = (folder, IgnoreRules(watch.ignore))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The literal part of each path."""
        return tuple(root.prefix for root in self._roots)

    def counts(self, path: str, gitignore: GitIgnore) -> bool:
        """Return whether a change of this file counts."""
        return any(
            _matches(root.glob, _below(path, root.prefix)) and not self._ignored(root, path, gitignore, is_folder=False)
            for root in self._roots
            if is_within(path, root.prefix)
        )

    def wants_folder(self, path: str, gitignore: GitIgnore) -> bool:
        """Return whether files can count in this folder or below it."""
        return self.names_folder(path) or any(
            _matches(root.glob, _below(path, root.prefix), partly=True)
            and not self._ignored(root, path, gitignore, is_folder=True)
            for root in self._roots
            if is_within(path, root.prefix)
        )

    def names_folder(self, path: str) -> bool:
        """Return whether this folder is on the literal part of a path: watched even if it is ignored."""
        return any(is_within(root.prefix, path) for root in self._roots)

    def _ignored(self, root: _Root, path: str, gitignore: GitIgnore, *, is_folder: bool) -> bool:
        names = _below(path, root.named)
        if not IGNORED_NAMES.isdisjoint(names):
            return True
        if names and not is_folder and any(fnmatchcase(names[-1], pattern) for pattern in EDITOR_FILES):
            return True
        if path == root.named and not root.glob:
            # A literal path is never ignored.
            return False
        return gitignore.ignores(path, is_folder=is_folder, named=root.named, first=self._ignore)


def _compile(path: str, folder: str) -> _Root:
    segments = posixpath.normpath(posixpath.join(folder, path)).split("/")
    literal = 0
    while literal < len(segments) and not any(wildcard in segments[literal] for wildcard in "*?["):
        literal += 1
    prefix = "/".join(segments[:literal]) or "/"
    if literal == len(segments):
        return _Root(prefix, (), prefix)
    return _Root(prefix, tuple(segments[literal:]), folder if is_within(prefix, folder) else prefix)


def _matches(glob: Sequence[str], names: Sequence[str], *, partly: bool = False) -> bool:
    """Return whether a glob matches a path or a folder above it; ``partly``: or could match something in it."""
    if not glob:
        return True
    if not names:
        return partly
    if glob[0] == "**":
        if len(glob) == 1 or partly:
            return True
        return _matches(glob[1:], names) or _matches(glob, names[1:])
    return fnmatchcase(names[0], glob[0]) and _matches(glob[1:], names[1:], partly=partly)


def is_within(path: str, folder: str) -> bool:
    """Return whether a path is the folder or in it."""
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")


def _below(path: str, folder: str) -> tuple[str, ...]:
    """Return the segments of a path relative to a folder."""
    return tuple(path[len(folder) :].strip("/").split("/")) if path != folder else ()
