"""Small text files of a project: what is read, what is refused, and where the mistake is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from prox.core.errors import ConfigError, Problem
from prox.instance.text_files import MAX_BYTES, is_stream, problem, read_text, shown_path


def problem_of(path: Path, *, trusted: bool = False) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read_text(path, shown="shown", trusted=trusted)
    (found,) = caught.value.problems
    assert found.file == "shown"
    return found


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", ""), (b"a\r\nb\n", "a\r\nb\n"), (b"\xef\xbb\xbfa\n", "a\n"), ("é€".encode(), "é€"), (b"a\0", "a\0")],
)
def test_the_text_is_returned_as_it_is_without_a_byte_order_mark(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read_text(tmp_path / "file", shown="shown") == text


def test_a_file_of_the_largest_size_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * MAX_BYTES)
    assert len(read_text(tmp_path / "file", shown="shown")) == MAX_BYTES
    (tmp_path / "file").write_bytes(b"x" * (MAX_BYTES + 1))
    assert problem_of(tmp_path / "file").message == "is larger than 1024 KB"


def test_the_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\nb\n\xff\nc\n")
    found = problem_of(tmp_path / "file")
    assert (found.line, found.column, found.message) == (3, 1, "is not UTF-8")


def test_a_trusted_file_must_not_be_writable_for_everybody(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o666)
    assert read_text(file, shown="shown") == "x"
    assert problem_of(file, trusted=True).message == "everyone can write to it; fix: chmod o-w shown"
    file.chmod(0o664)
    assert read_text(file, shown="shown", trusted=True) == "x"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none", shown="shown")
    (tmp_path / "loop").symlink_to("loop")
    assert problem_of(tmp_path).message == "cannot read the file: Is a directory"
    assert problem_of(tmp_path / "loop").message == "cannot read the file: Too many levels of symbolic links"
    assert problem_of(Path("a\0b")).message.startswith("cannot read the file: embedded null")


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("x" * 200_000,))
    writer.start()
    try:
        assert read_text(tmp_path / "pipe", shown="shown", trusted=True) == "x" * 200_000
    finally:
        writer.join()
    assert read_text(Path("/dev/null"), shown="shown", trusted=True) == ""


def test_which_paths_can_be_read_only_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("pipe")
    paths = [tmp_path / "pipe", tmp_path / "link", Path("/dev/null")]
    assert all(map(is_stream, paths))
    assert not any(map(is_stream, [tmp_path / "file", tmp_path, tmp_path / "none", Path("a\0b")]))


def test_a_problem_is_at_its_place() -> None:
    assert str(problem("Procfile", 3, "is bad", 5)) == "Procfile:3:5: is bad"
    assert str(problem("Procfile", 0, "is bad")) == "Procfile: is bad"


def test_a_path_is_shown_in_its_shortest_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "below" / "prox.yaml") == "below/prox.yaml"
    assert shown_path(tmp_path.parent / "prox.yaml") == "../prox.yaml"
    assert shown_path(Path("/prox.yaml")) == "/prox.yaml"
