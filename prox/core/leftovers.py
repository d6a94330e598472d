"""Describe processes still running after a stop. Separate from ``snapshots``, since clients use it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def describe_leftover(process: str | None, pid: int | None, command: str, ports: Sequence[int]) -> str:
    """Return a description: ``api: python d.py (pid 7), holds port 80``. ``pid`` None: unknown process."""
    whose = f"{process}: " if process else ""
    held = " and ".join(map(str, ports))
    if pid is None:
        return f"{whose}port {held} is taken by an unknown process"
    who = f"{command or 'a process'} (pid {pid})"
    return f"{whose}{who}, holds port {held}" if held else f"{whose}{who}"
