"""``~/.prox/token``: what an API that is not a loopback one asks for, made once and kept.

All instances of a user share it, so that none locks out another one's clients.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from prox.core.errors import ProxError
from prox.instance.owned_files import FolderRefused, open_file, open_home, write_file

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "token"
_SHAPE = re.compile(r"[!-~]{16,256}")
"""A token: valid in a header, and too long to be guessed."""


class TokenError(ProxError):
    """The token cannot be read or made; the message says where, and never what it is."""

    code = "TOKEN_ERROR"


def load_token() -> str:
    """Return the token of this user; the first time, it is made. Raises TokenError."""
    try:
        with open_home(create=True) as home:
            with suppress(FileExistsError):
                if not _exists(home):
                    # Of two processes that do this at once one is the first, and both read what that one wrote.
                    write_file(_NAME, secrets.token_urlsafe(32).encode() + b"\n", home, replace=False)
            return _read(home)
    except (FolderRefused, OSError) as error:
        raise TokenError(f"the token in ~/.prox/token cannot be made or read: {_reason(error)}") from None


def find_token() -> str | None:
    """Return the token of this user; None where none was made yet. Raises TokenError."""
    try:
        with open_home() as home:
            return _read(home) if _exists(home) else None
    except FileNotFoundError:
        return None
    except (FolderRefused, OSError) as error:
        raise TokenError(f"cannot read the token in ~/.prox/token: {_reason(error)}") from None


def read_token_file(path: Path) -> str:
    """Return the token in a file that the user names. Raises TokenError."""
    try:
        with path.open("rb") as file:
            return _check(file.read(1024), str(path))
    except OSError as error:
        raise TokenError(f"cannot read the token file {path}: {error.strerror}") from None


def _exists(home: int) -> bool:
    try:
        os.stat(_NAME, dir_fd=home, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _read(home: int) -> str:
    with open(open_file(_NAME, home), "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise TokenError("others can read ~/.prox/token; delete it, and `prox up` makes a new one")
        return _check(file.read(1024), "~/.prox/token")


def _check(data: bytes, where: str) -> str:
    token = data.decode("latin-1").strip()
    if not _SHAPE.fullmatch(token):
        raise TokenError(f"there is no token in {where} (16 to 256 visible characters); delete it, or put one in")
    return token


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
