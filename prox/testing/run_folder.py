"""The folder of one test session, in pytest's cache. It keeps the logs until the next session begins."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = "lock"


@contextmanager
def run_folder(cache: Path | None) -> Iterator[Path]:
    """Make a folder, below ``cache`` if there is one, and remove those of earlier sessions there.

    Each session holds the lock of its folder, so that concurrent sessions do not remove it.
    """
    with ExitStack() as stack:
        if cache is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prox-")))
        else:
            for other in cache.iterdir():
                _remove_if_over(other)
            folder = Path(tempfile.mkdtemp(prefix="", dir=cache))
        lock = stack.enter_context(open(folder / _LOCK, "wb"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _remove_if_over(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
