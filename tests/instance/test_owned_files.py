"""Folders and small files that only their user can read, written whole or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from prox.instance.owned_files import MAX_BYTES, FolderRefused, open_file, open_folder, open_home, read_file, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=["umask 000", "umask 022", "umask 777"])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    with open_folder(tmp_path / "own", create=True) as folder:
        write_file("file", b"text", folder)
        os.close(open_file("other", folder, create=True))
    assert mode_of(tmp_path / "own") == 0o700
    assert mode_of(tmp_path / "own/file") == mode_of(tmp_path / "own/other") == 0o600


def test_a_folder_that_others_may_enter_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    with open_folder(tmp_path / "own", create=True):
        assert mode_of(tmp_path / "own") == 0o700


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    for create in (False, True):
        with pytest.raises(FolderRefused, match="symbolic link"), open_folder(tmp_path / "link", create=create):
            pass
    with open_folder(tmp_path / "link", link=True):
        pass


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderRefused, match="not a directory"), open_folder(tmp_path / "file", create=True):
        pass
    with pytest.raises(FolderRefused, match="does not exist"), open_folder(tmp_path / "none/own", create=True):
        pass
    with pytest.raises(FileNotFoundError), open_folder(tmp_path / "none"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 1234, -1)
    with pytest.raises(FolderRefused, match="belongs to another user"), open_folder(tmp_path / "theirs"):
        pass


def test_files_are_not_followed_through_links(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    with open_folder(tmp_path / "own", create=True) as folder:
        (tmp_path / "own/file").symlink_to(tmp_path / "victim")
        assert read_file("file", folder) is None
        with pytest.raises(FolderRefused):
            open_file("file", folder, create=True)
        write_file("file", b"text", folder)
        assert read_file("file", folder) == b"text"
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_a_file_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")
    with open_folder(tmp_path) as folder:
        assert read_file("file", folder) is None


def test_a_file_that_is_too_large_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * (MAX_BYTES + 1))
    with open_folder(tmp_path) as folder:
        assert read_file("file", folder) is None


def test_write_replaces_or_refuses_to(tmp_path: Path) -> None:
    with open_folder(tmp_path) as folder:
        write_file("file", b"one", folder, replace=False)
        with pytest.raises(FileExistsError):
            write_file("file", b"two", folder, replace=False)
        assert read_file("file", folder) == b"one"
        write_file("file", b"three", folder)
        assert read_file("file", folder) == b"three"
    assert os.listdir(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with open_folder(tmp_path) as folder, pytest.raises(FolderRefused, match="cannot write file"):
        write_file("file", b"text", folder)
    assert os.listdir(tmp_path) == ["file"]


def test_home_may_be_a_link_but_must_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / ".prox").symlink_to("dotfiles")
    monkeypatch.setenv("HOME", str(tmp_path))
    with open_home() as folder:
        write_file("file", b"text", folder)
    assert (tmp_path / "dotfiles/file").read_bytes() == b"text"
    monkeypatch.setenv("HOME", "not/absolute")
    with pytest.raises(FolderRefused, match="HOME"), open_home():
        pass
