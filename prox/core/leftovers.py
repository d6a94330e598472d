"""Messages about processes still running after a stop. Apart from ``snapshots``, because clients use them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def describe_leftover(process: str | None, pid: int | None, command: str, ports: Sequence[int]) -> str:
    """Return ``api: python d.py (pid 7), holds port 80``. ``pid`` None: the system does not say who it is."""
    whose = f"{process}: " if process else ""
    who = f"{command or 'a process'} (pid {pid})" if pid else "somebody"
    held = " and ".join(map(str, ports))
    return f"{whose}{who}, holds port {held}" if held else f"{whose}{who}"
