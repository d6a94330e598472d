"""Processes as a prox that was killed leaves them: they carry the markers of an instance, and it does not run."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prox.instance.folder import instance_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def left_running(
    folder: Path, process: str = "api", *, instance: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of an instance with this folder; ``instance``: its id, by default one that runs nowhere."""
    markers = {"PROX_INSTANCE": instance or f"{instance_prefix(folder)}dead", "PROX_PROCESS": process}
    with subprocess.Popen(
        ["sh", "-c", "echo ready; read _"], env=os.environ | markers, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        try:
            # What it has printed, it has printed with its environment in place (execve(2)).
            assert started.stdout
            assert started.stdout.readline() == b"ready\n"
            yield started
        finally:
            started.kill()
