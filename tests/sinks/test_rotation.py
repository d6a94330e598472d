"""Files that are put aside, removed, replaced and refused."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import tempfile
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.sinks.rotation import AppendFailed, RotatingFile

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def rotating(path: Path, *, max_size: int = 1000, keep: int = 2) -> Iterator[RotatingFile]:
    file = RotatingFile(path, max_size=max_size, keep=keep)
    try:
        yield file
    finally:
        file.close()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process get larger, which stands for a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def numbered(path: Path) -> list[bytes]:
    """Return what is in the files, oldest first."""
    files = sorted(path.parent.glob(f"{path.name}.*"), key=lambda file: -int(file.suffix[1:]))
    return [file.read_bytes() for file in [*files, path] if file.exists()]


def test_a_root_is_never_made_anew(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    file = RotatingFile(root / ".prox/logs/a.log", max_size=10, keep=1, root=root)
    file.append(b"one\n")
    root.rename(tmp_path / "moved")
    file.append(b"two\n")
    # Full, it grows on.
    with pytest.raises(AppendFailed, match=r"cannot be rotated.*is gone") as failed:
        file.append(b"three\n")
    assert failed.value.missing == 0
    assert (tmp_path / "moved/.prox/logs/a.log").read_bytes() == b"one\ntwo\nthree\n"
    file.close()
    with pytest.raises(AppendFailed, match="cannot be written: No such file"):
        file.append(b"four\n")
    assert not root.exists()
    # With the folder back, though empty, there is a new file.
    root.mkdir()
    file.append(b"five\n")
    assert (root / ".prox/logs/a.log").read_bytes() == b"five\n"
    file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "api.log"


def test_files_are_their_users_own(path: Path, tmp_path: Path) -> None:
    for umask in (0, 0o777):
        before = os.umask(umask)
        try:
            target = tmp_path / f"deep{umask}" / "logs" / "api.log"
            with rotating(target, max_size=5) as file:
                file.append(b"one\n")
                file.append(b"two\n")
        finally:
            os.umask(before)
        for one in (target, target.with_name("api.log.1")):
            assert stat.S_IMODE(one.stat().st_mode) == 0o600
        for folder in (target.parent, target.parent.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_of_an_earlier_run_is_gone_on_with(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"before\n")
    path.chmod(0o644)
    with rotating(path) as file:
        file.append(b"after\n")
    assert path.read_bytes() == b"before\nafter\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_that_was_cut_by_a_kill_is_ended(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"one\ncut off")
    with rotating(path) as file:
        file.append(b"two\n")
    assert path.read_bytes() == b"one\ncut off\ntwo\n"


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), max_size=12),
    st.lists(st.integers(1, 100), max_size=4),
    st.integers(1, 60),
    st.integers(0, 3),
)
def test_rotation(blocks: list[list[int]], cuts: list[int], max_size: int, keep: int) -> None:
    """Blocks of lines of these sizes, cut anywhere, as pieces of long lines are: files hold whole lines, the newest."""
    lines = [b"%c" % (97 + size % 26) * size + b"\n" for block in blocks for size in block]
    written = b"".join(lines)
    edges = sorted({0, len(written), *(cut % (len(written) + 1) for cut in cuts)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "api.log")
        with rotating(path, max_size=max_size, keep=keep) as file:
            for start, end in pairwise(edges):
                file.append(written[start:end])
        files = numbered(path)
    assert len(files) <= keep + 1
    assert written.endswith(b"".join(files))
    assert len(files) == keep + 1 or b"".join(files) == written
    in_pieces = any(written[:cut][-1:] != b"\n" for cut in edges[1:])
    for content in files:
        assert content.endswith(b"\n")
        all_but_last = content[:-1].rpartition(b"\n")[0]
        # A line that came in pieces is not moved once it has been begun.
        assert len(all_but_last if in_pieces or not all_but_last else content) <= max_size or not all_but_last
    # None is put aside before it is full.
    for content, following in pairwise(files):
        assert len(content) + following.index(b"\n") + 1 > max_size


def test_nothing_is_kept_where_nothing_is_to_be_kept(path: Path) -> None:
    with rotating(path, max_size=8, keep=0) as file:
        for number in range(5):
            file.append(b"line %d\n" % number)
    assert os.listdir(path.parent) == ["api.log"]
    assert path.read_bytes() == b"line 4\n"


def test_what_was_kept_while_more_was_to_be_kept_goes(path: Path) -> None:
    path.parent.mkdir()
    for number in range(1, 6):
        path.with_name(f"api.log.{number}").write_bytes(b"old %d\n" % number)
    with rotating(path, max_size=8, keep=2) as file:
        file.append(b"one\n")
        file.append(b"three\n")
    assert numbered(path) == [b"old 1\n", b"one\n", b"three\n"]


@pytest.mark.parametrize("remove", ["file", "folder", "move", "replace", "truncate"])
def test_what_somebody_does_to_the_file(path: Path, remove: str) -> None:
    with rotating(path) as file:
        file.append(b"before\n")
        if remove == "file":
            path.unlink()
        elif remove == "folder":
            shutil.rmtree(path.parent)
        elif remove == "move":
            path.rename(path.with_name("moved"))
        elif remove == "replace":
            (path.parent / "new").write_bytes(b"theirs\n")
            (path.parent / "new").rename(path)
        else:
            os.truncate(path, 0)
        file.append(b"after\n")
    assert path.read_bytes() == (b"theirs\nafter\n" if remove == "replace" else b"after\n")
    if remove == "move":
        assert path.with_name("moved").read_bytes() == b"before\n"


def refused(path: Path, block: bytes = b"one\ntwo\n") -> AppendFailed:
    with rotating(path) as file, pytest.raises(AppendFailed) as caught:
        file.append(block)
    return caught.value


def test_a_symbolic_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    failure = refused(path)
    assert failure.reason == "cannot be written: it is a symbolic link, which prox does not follow; remove it"
    assert failure.missing == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_fifo_holds_up_nobody(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    assert refused(path).reason == "cannot be written: it is not a regular file; remove it"


def test_a_folder_in_its_place(path: Path) -> None:
    path.mkdir(parents=True)
    assert refused(path).reason == "cannot be written: Is a directory"


def test_a_file_in_the_place_of_the_folder(path: Path) -> None:
    path.parent.write_bytes(b"")
    assert refused(path).reason == "cannot be written: Not a directory"


def test_a_full_disk(path: Path) -> None:
    with rotating(path) as file:
        file.append(b"one\n")
        with disk_of(10):
            with pytest.raises(AppendFailed, match="cannot be written: File too large") as caught:
                file.append(b"two\nthree\nfour\n")
            assert caught.value.missing == 2
            assert path.read_bytes() == b"one\ntwo\nth"
            with pytest.raises(AppendFailed) as caught:
                file.append(b"a piece of a long line")
            assert caught.value.missing == 1
        file.append(b"five\n")
    assert path.read_bytes() == b"one\ntwo\nth\nfive\n"


def test_a_file_that_cannot_be_put_aside_grows_on(path: Path) -> None:
    with rotating(path, max_size=8, keep=1) as file:
        (path.parent / "api.log.1" / "not empty").mkdir(parents=True)
        file.append(b"line 1\n")
        for number in (2, 3):
            with pytest.raises(AppendFailed, match="is full and cannot be rotated, so it keeps growing: ") as caught:
                file.append(b"line %d\n" % number)
            assert caught.value.missing == 0
        assert path.read_bytes() == b"line 1\nline 2\nline 3\n"
        shutil.rmtree(path.parent / "api.log.1")
        file.append(b"line 4\n")
    assert numbered(path) == [b"line 1\nline 2\nline 3\n", b"line 4\n"]
