"""The environment that prox was started with: Python may change LC_CTYPE at its own start."""

from __future__ import annotations

import os
from functools import cache

_VARIABLE = "LC_CTYPE"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""Values that Python sets LC_CTYPE to in the C locale (PEP 538)."""


def initial_environment() -> dict[str, str]:
    """Return the environment of this process, with LC_CTYPE as it was before Python coerced it."""
    found = dict(os.environ)
    if found.get(_VARIABLE) in _COERCED:
        given = _given()
        if given is None:
            del found[_VARIABLE]
        else:
            found[_VARIABLE] = given
    return found


@cache
def _given() -> str | None:
    """Return the original LC_CTYPE, None if it was not set."""
    try:
        with open("/proc/self/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        # Without /proc (macOS) this is a guess: Python sets it only in the C locale.
        in_c_locale = all(os.environ.get(name, "") in ("", "C", "POSIX") for name in ("LC_ALL", "LANG"))
        return None if in_c_locale else os.environ[_VARIABLE]
    prefix = f"{_VARIABLE}=".encode()
    return next((os.fsdecode(each.removeprefix(prefix)) for each in variables if each.startswith(prefix)), None)
