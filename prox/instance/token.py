"""The token in ``~/.prox/token``, required by an API that is not on loopback; created once and kept.

All instances of a user share it.
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
"""The format of a token: valid in a header, and too long to guess."""


class TokenError(ProxError):
    """The token cannot be read or created. The message never contains the token."""

    code = "TOKEN_ERROR"


def load_token() -> str:
    """Return the token of this user; create it if it does not exist. Raises TokenError."""
    try:
        with open_home(create=True) as home:
            with suppress(FileExistsError):
                if not _exists(home):
                    # If two processes do this at once, the first one wins and both read its token.
                    write_file(_NAME, secrets.token_urlsafe(32).encode() + b"\n", home, replace=False)
            return _read(home)
    except (FolderRefused, OSError) as error:
        raise TokenError(f"cannot create or read the token in ~/.prox/token: {_reason(error)}") from None


def find_token() -> str | None:
    """Return the token of this user; None if it does not exist. Raises TokenError."""
    try:
        with open_home() as home:
            return _read(home) if _exists(home) else None
    except FileNotFoundError:
        return None
    except (FolderRefused, OSError) as error:
        raise TokenError(f"cannot read the token in ~/.prox/token: {_reason(error)}") from None


def read_token_file(path: Path) -> str:
    """Return the token in a file named by the user. Raises TokenError."""
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
            raise TokenError("other users can read ~/.prox/token; delete it, and `prox up` creates a new one")
        return _check(file.read(1024), "~/.prox/token")


def _check(data: bytes, where: str) -> str:
    token = data.decode("latin-1").strip()
    if not _SHAPE.fullmatch(token):
        raise TokenError(f"no token in {where} (16 to 256 visible characters); delete the file, or write a token to it")
    return token


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
