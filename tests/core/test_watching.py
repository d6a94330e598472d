"""Which changed files count for a watch."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prox.core.config.model import Watch
from prox.core.watching import GitIgnore, IgnoreRules, Selection, is_within

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "/home/me/shop"


def rules(files: dict[str, str]) -> GitIgnore:
    """Return the rules of .gitignore files, each in a folder relative to the project."""
    return GitIgnore(
        {f"{PROJECT}/{folder}".rstrip("/"): IgnoreRules(text.split("\n")) for folder, text in files.items()}
    )


def counts(
    paths: list[str], changed: str, gitignore: dict[str, str] | None = None, ignore: list[str] | None = None
) -> bool:
    selection = Selection(Watch(paths=tuple(paths), ignore=tuple(ignore or ())), PROJECT)
    return selection.counts(f"{PROJECT}/{changed}", rules(gitignore or {}))


@pytest.mark.parametrize(
    ("path", "changed", "expected"),
    [
        ("src", "src/a.py", True),
        ("src", "src/deep/er/a.py", True),
        ("src", "src", True),
        ("src", "srcs/a.py", False),
        ("src", "other/src/a.py", False),
        ("src/", "src/a.py", True),
        ("./src", "src/a.py", True),
        (f"{PROJECT}/src", "src/a.py", True),
        (".", "a.py", True),
        (".", "src/a.py", True),
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "src/b.py", False),
        ("*.toml", "a.toml", True),
        ("*.toml", "src/a.toml", False),
        ("*.toml", ".toml", True),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/x/y/a.py", True),
        ("src/**/*.py", "src/x/y/a.js", False),
        ("src/**/*.py", "a.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "x/a.py", True),
        ("src/**", "src/x/a.js", True),
        ("packages/*/src", "packages/one/src/a.js", True),
        ("packages/*/src", "packages/one/test/a.js", False),
        ("packages/*/src", "packages/one/more/src/a.js", False),
        ("**/test/**/*.py", "x/test/y/a.py", True),
        ("**/test/**/*.py", "x/tests/y/a.py", False),
        ("a?.[ch]", "ab.c", True),
        ("a?.[ch]", "ab.o", False),
        ("../shared", "../shared/a.py", False),  # not a normal path: never delivered like this
    ],
)
def test_paths(path: str, changed: str, expected: bool) -> None:
    assert counts([path], changed) == expected


@pytest.mark.parametrize("path", ["../shared", "/home/me/shared", "../shared/*.py", "../*/a.py"])
def test_a_path_outside_of_the_project(path: str) -> None:
    selection = Selection(Watch(paths=(path,)), PROJECT)
    assert selection.counts("/home/me/shared/a.py", rules({}))
    assert not selection.counts("/home/me/a.js", rules({}))
    assert selection.wants_folder("/home/me", rules({}))


def test_any_of_several_paths() -> None:
    assert counts(["src", "*.toml"], "src/a.py")
    assert counts(["src", "*.toml"], "a.toml")
    assert not counts(["src", "*.toml"], "a.py")
    assert not counts([], "a.py")


@pytest.mark.parametrize(
    "changed",
    [
        ".git/index",
        "node_modules/x/index.js",
        "src/node_modules/x/index.js",
        ".venv/lib/a.py",
        "src/__pycache__/a.pyc",
        ".prox/logs/api.log",
        "src/.a.py.swp",
        "src/a.py~",
        "src/.#a.py",
        "src/4913",
    ],
)
def test_always_ignored(changed: str) -> None:
    assert not counts(["."], changed)
    assert not counts(["**"], changed)
    assert not counts(["."], changed, {"": "!*"}, ["!**"])
    # Named, or in a folder that is named, it is watched.
    assert counts([changed], changed)


def test_a_folder_that_is_named_is_watched_though_it_is_always_ignored() -> None:
    assert counts(["node_modules/x"], "node_modules/x/lib/index.js")
    assert not counts(["node_modules/x"], "node_modules/x/node_modules/y/index.js")
    assert not counts(["node_modules/x"], "node_modules/y/index.js")
    assert not counts(["node_modules/x/*.js"], "node_modules/x/index.js")


@pytest.mark.parametrize(
    ("files", "changed", "expected"),
    [
        ({"": "dist/"}, "dist/app.js", False),
        ({"": "dist/"}, "src/dist/app.js", False),
        ({"": "/dist/"}, "src/dist/app.js", True),
        ({"": "dist/"}, "dist", True),
        ({"": "*.log\n!keep.log"}, "a.log", False),
        ({"": "*.log\n!keep.log"}, "src/keep.log", True),
        ({"": "dist/\n!dist/app.js"}, "dist/app.js", False),  # nothing in an ignored folder comes back
        ({"": "dist/*\n!dist/app.js"}, "dist/app.js", True),
        ({"": "dist/**\n!dist/app.js"}, "dist/app.js", True),
        ({"": "/*\n!/src"}, "src/a.py", True),
        ({"": "/*\n!/src"}, "lib/a.py", False),
        ({"": "a\n!a/"}, "a/a", False),
        ({"": "a\n!a/"}, "a/b", True),
        ({"": "a/b/**/"}, "a/b/a", True),
        ({"": "a/b/**/"}, "a/b/c/a", False),
        ({"": "a\n!a/**"}, "a/b", False),
        ({"src": "/gen"}, "src/gen/a.py", False),
        ({"src": "/gen"}, "gen/a.py", True),
        ({"src": "/gen"}, "src/x/gen/a.py", True),
        ({"": "*.log", "src": "!*.log"}, "src/a.log", True),
        ({"": "*.log", "src": "!*.log"}, "a.log", False),
        ({"": "!*.log", "src": "*.log"}, "src/a.log", False),
        ({"": "src/gen/", "src": "!gen/"}, "src/gen/a.py", True),
        ({"": "gen/", "src/gen": "!*"}, "src/gen/a.py", False),
        ({"": "# dist\n\n  \n\\#a\n\\!b"}, "dist", True),
        ({"": "\\#a"}, "#a", False),
        ({"": "\\!b"}, "!b", False),
        ({"": "a.log\r"}, "a.log", False),
        ({"": "!\n/\n[\n***\n"}, "src/a.py", False),  # "***" is "*"
    ],
)
def test_gitignore(files: dict[str, str], changed: str, expected: bool) -> None:
    assert counts(["."], changed, files) == expected
    assert counts(["**"], changed, files) == expected


@pytest.mark.parametrize(
    ("path", "gitignored", "changed", "expected"),
    [
        ("dist/app.js", "dist/", "dist/app.js", True),
        ("dist/app.js", "*.js", "dist/app.js", True),
        ("dist/app.js", "dist/", "dist/other.js", False),
        ("dist", "dist/", "dist/x/app.js", True),
        ("dist", "dist", "dist/x/app.js", True),
        ("dist", "dist/**", "dist/x/app.js", True),
        ("dist/x", "dist/", "dist/x/app.js", True),
        ("dist/x", "dist/", "dist/y/app.js", False),
        ("dist", "dist/\n*.map", "dist/app.map", False),
        ("dist", "dist/\ntmp/", "dist/tmp/app.js", False),
        ("dist/*.js", "dist/", "dist/app.js", False),
        ("dist/**", "dist/", "dist/app.js", False),
        ("./dist/", "*", "dist/app.js", True),
    ],
)
def test_naming_an_ignored_path_is_asking_for_it(path: str, gitignored: str, changed: str, expected: bool) -> None:
    assert counts([path], changed, {"": gitignored}) == expected


def test_rules_above_the_project() -> None:
    """A repository with several projects; one of them may itself be ignored."""
    gitignore = GitIgnore({"/home/me": IgnoreRules(["dist/"]), "/home": IgnoreRules(["*.log"])})
    for path in (".", "**"):
        selection = Selection(Watch(paths=(path,)), PROJECT)
        assert selection.counts(f"{PROJECT}/a.py", gitignore)
        assert not selection.counts(f"{PROJECT}/dist/a.py", gitignore)
        assert not selection.counts(f"{PROJECT}/a.log", gitignore)
        assert selection.counts(f"{PROJECT}/a.py", GitIgnore({"/home/me": IgnoreRules(["shop/"])}))


@pytest.mark.parametrize(
    ("ignore", "changed", "expected"),
    [
        (["**/*.pyc"], "src/a.pyc", False),
        (["*.pyc"], "src/x/a.pyc", False),
        (["src/gen"], "src/gen/a.py", False),
        (["gen/"], "src/x/gen/a.py", False),
        (["/gen"], "src/gen/a.py", True),
        (["*", "!*.py"], "src/a.py", False),  # the folder is ignored
        (["*.*", "!*.py"], "src/a.py", True),
        (["src"], "src/a.py", True),  # paths names it
    ],
)
def test_ignore(ignore: list[str], changed: str, expected: bool) -> None:
    path = "src" if ignore == ["src"] else "."
    assert counts([path], changed, ignore=ignore) == expected


def test_ignore_comes_before_gitignore() -> None:
    assert counts(["."], "gen/a.py", {"": "gen/"}, ["!gen/"])
    assert not counts(["."], "a.log", {"": "!*.log"}, ["*.log"])


@pytest.mark.parametrize(
    ("path", "wanted", "not_wanted"),
    [
        ("src", ["", "src", "src/x"], ["lib", "src/node_modules", "src/dist", "srcs"]),
        ("*.toml", ["", "x.toml"], ["src", "node_modules"]),
        ("packages/*/src", ["", "packages", "packages/one", "packages/one/src/x"], ["src", "packages/one/test"]),
        ("src/**/*.py", ["", "src", "src/x"], ["lib", "src/dist"]),
        ("dist/x/app.js", ["", "dist", "dist/x"], ["dist/y"]),
        ("node_modules/x", ["node_modules", "node_modules/x", "node_modules/x/lib"], ["node_modules/y"]),
    ],
)
def test_folders(path: str, wanted: list[str], not_wanted: list[str]) -> None:
    selection, gitignore = Selection(Watch(paths=(path,)), PROJECT), rules({"": "dist/"})
    assert [each for each in wanted if not selection.wants_folder(f"{PROJECT}/{each}".rstrip("/"), gitignore)] == []
    assert [each for each in not_wanted if selection.wants_folder(f"{PROJECT}/{each}", gitignore)] == []


NAMES = st.sampled_from(["a", "b", "src", "dist", "a.log", "*.log", "*", "**", "?"])
GLOBS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
FILES = st.lists(st.sampled_from(["a", "b", "src", "dist", "a.log"]), min_size=1, max_size=4).map("/".join)


@given(glob=GLOBS, file=FILES, ignored=st.lists(GLOBS, max_size=2))
def test_each_file_that_counts_is_in_folders_that_are_wanted(glob: str, file: str, ignored: list[str]) -> None:
    selection, gitignore = Selection(Watch(paths=(glob,)), PROJECT), rules({"": "\n".join(ignored)})
    path = f"{PROJECT}/{file}"
    if selection.counts(path, gitignore):
        while is_within(path := path.rpartition("/")[0], PROJECT):
            assert selection.wants_folder(path, gitignore)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", path], check=True)
    return path


LINES = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "!"]), st.sampled_from(["", "/"]), GLOBS, st.sampled_from(["", "/", "/**"])
)


@pytest.mark.real("git")
@given(top=st.lists(LINES, max_size=4), nested=st.lists(LINES, max_size=3), file=FILES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_git_does(repository: Path, top: list[str], nested: list[str], file: str) -> None:
    """Compare with ``git check-ignore``."""
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    path = repository / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    files = {"": top, "src": nested}
    for folder, lines in files.items():
        if (repository / folder).is_dir():
            (repository / folder / ".gitignore").write_text("\n".join(lines))
    git = ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "-q", "--no-index", file]
    ignored = subprocess.run(git, cwd=repository, check=False).returncode == 0
    assert counts(["."], file, {folder: "\n".join(lines) for folder, lines in files.items()}) != ignored
