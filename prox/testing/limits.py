"""Default timeouts, in seconds."""

from __future__ import annotations

READY_SECONDS = 300.0
"""Until a process is ready."""
LINE_SECONDS = 30.0
"""Until a line is written."""
