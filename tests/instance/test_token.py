"""The token: made once, whoever comes first, and read by its user only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prox.instance.token import TokenError, find_token, load_token, read_token_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_it_is_made_once_and_kept(home: Path) -> None:
    assert find_token() is None
    token = load_token()
    assert len(token) >= 32
    assert load_token() == find_token() == token
    assert stat.S_IMODE((home / ".prox").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / ".prox/token").stat().st_mode) == 0o600


def test_looking_for_it_makes_nothing(home: Path) -> None:
    assert find_token() is None
    assert os.listdir(home) == []


def test_processes_that_make_it_at_once_agree(home: Path) -> None:
    program = "import sys; sys.stdin.read(); from prox.instance.token import load_token; print(load_token())"
    makers = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for maker in makers:
        assert maker.stdin
        maker.stdin.close()
    tokens = set()
    for maker in makers:
        with maker:
            assert maker.stdout
            tokens.add(maker.stdout.read())
    assert len(tokens) == 1
    assert os.listdir(home / ".prox") == ["token"]


def test_one_that_others_can_read_is_refused(home: Path) -> None:
    token = load_token()
    (home / ".prox/token").chmod(0o640)
    with pytest.raises(TokenError, match="other users can read") as caught:
        load_token()
    assert token not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"short\n", b"with blanks in between, long enough\n", b"\x00" * 40, b"x" * 300])
def test_what_is_no_token_is_refused(home: Path, text: bytes) -> None:
    load_token()
    (home / ".prox/token").write_bytes(text)
    with pytest.raises(TokenError, match="no token in"):
        find_token()


def test_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    (home / ".prox").mkdir()
    (home / "elsewhere").write_text("a-token-of-somebody-else\n")
    (home / ".prox/token").symlink_to("../elsewhere")
    with pytest.raises(TokenError):
        load_token()


def test_a_home_that_takes_no_file_is_an_error_that_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home / "nowhere"))
    with pytest.raises(TokenError, match="nowhere does not exist"):
        load_token()
    assert find_token() is None


def test_a_file_that_the_user_names(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("  a-token-that-was-copied\n")
    assert read_token_file(tmp_path / "file") == "a-token-that-was-copied"
    with pytest.raises(TokenError, match=r"cannot read .*none: No such file"):
        read_token_file(tmp_path / "none")
