"""Env files: where they are, what is wrong with one, and that its contents are never told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prox.core.config.model import EnvFile
from prox.core.errors import ConfigError
from prox.instance.env_files import EnvFileMissing, read_env_file
from prox.instance.text_files import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(path: str, *, optional: bool = False) -> list[tuple[str, str]]:
    return read_env_file(os.getcwd(), EnvFile(path, optional))


def problems_of(path: str, *, optional: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path, optional=optional)
    assert not isinstance(caught.value, EnvFileMissing)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_it_is_read_anew_each_time(folder: Path) -> None:
    (folder / ".env").write_text("A=1\n")
    assert read(".env") == [("A", "1")]
    (folder / ".env").write_text("A=2\nB=${A}\n")
    assert read(".env") == [("A", "2"), ("B", "${A}")]


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfA=1\nB=2\n", b"A=1\r\nB=2\r\n", b"A=1\rB=2", b"\n\n# x\nexport A=1\n B = '2'\n"]
)
def test_however_it_was_saved(folder: Path, content: bytes) -> None:
    (folder / ".env").write_bytes(content)
    assert read(".env") == [("A", "1"), ("B", "2")]


def test_where_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    for place in ("project", "home", "elsewhere"):
        (folder / place).mkdir()
        (folder / place / ".env").write_text(f"PLACE={place}\n")
    project = str(folder / "project")
    assert read_env_file(project, EnvFile(".env")) == [("PLACE", "project")]
    assert read_env_file(project, EnvFile("~/.env")) == [("PLACE", "home")]
    assert read_env_file(project, EnvFile("../elsewhere/.env")) == [("PLACE", "elsewhere")]
    assert read_env_file(project, EnvFile(str(folder / "elsewhere/.env"))) == [("PLACE", "elsewhere")]


def test_one_that_is_not_there() -> None:
    with pytest.raises(EnvFileMissing) as caught:
        read(".env.local")
    assert str(caught.value) == (
        ".env.local: not found; create it, or write '?.env.local' if it is optional"
    )  # fmt: skip
    assert read(".env.local", optional=True) == []


@pytest.mark.parametrize("optional", [False, True])
def test_one_that_cannot_be_read_is_an_error_even_where_it_may_be_missing(folder: Path, optional: bool) -> None:
    (folder / "folder").mkdir()
    (folder / "file").touch()
    (folder / "loop").symlink_to("loop")
    assert problems_of("folder", optional=optional) == "folder: cannot read the file: Is a directory"
    assert problems_of("file/.env", optional=optional) == "file/.env: cannot read the file: Not a directory"
    assert problems_of("loop", optional=optional) == "loop: cannot read the file: Too many levels of symbolic links"
    assert problems_of("x" * 300, optional=optional).endswith(": cannot read the file: File name too long")
    assert "cannot read the file: embedded null byte" in problems_of("a\0b", optional=optional)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"A=1\n\nhunter2 hunter2\n", "3:1: not NAME=value"),
        (b"A=1\nB='hunter2\n", "2:1: not NAME=value, or an unclosed quote"),
        (b"A=1\nB=hunter2\xff\n", "2:1: is not UTF-8"),
        (b"A=1\nB=hunter2\0\n", "2:1: contains a NUL character, which cannot be passed to a program"),
        ("A=hunter2".encode("utf-16"), "1:1: is not UTF-8"),
    ],
)
def test_one_that_is_broken(folder: Path, content: bytes, problem: str) -> None:
    (folder / ".env").write_bytes(content)
    assert problems_of(".env").startswith(f".env:{problem}")


def test_all_that_is_wrong_is_told(folder: Path) -> None:
    (folder / ".env").write_text("hunter2 hunter2\nA=1\nhunter2 hunter2\n")
    assert [line[:9] for line in problems_of(".env").splitlines()] == [".env:1:1:", ".env:3:1:"]


def test_one_that_is_too_large(folder: Path) -> None:
    (folder / ".env").write_bytes(b"#" * (MAX_BYTES + 1))
    assert problems_of(".env") == ".env: is larger than 1024 KB"
    (folder / ".env").write_bytes(b"#" * MAX_BYTES)
    assert read(".env") == []


def test_it_is_named_as_it_is_found_from_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "project/sub").mkdir(parents=True)
    (folder / "project/.env").write_text("hunter2 hunter2\n")
    monkeypatch.chdir(folder / "project/sub")
    with pytest.raises(ConfigError, match=r"^\.\./\.env:1:1: "):
        read_env_file(str(folder / "project"), EnvFile(".env"))
