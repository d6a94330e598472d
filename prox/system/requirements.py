"""System requirements of prox."""

from __future__ import annotations

import os
import sys

from prox.core.errors import ProxError


class SystemUnfit(ProxError):
    """prox could start processes here, but not find or end them; the message says what is missing."""

    code = "SYSTEM_UNFIT"


def check_system() -> None:
    """Raise SystemUnfit where prox could not keep what it promises."""
    if sys.platform == "linux" and not os.path.exists("/proc/self/stat"):
        raise SystemUnfit(
            "/proc is not mounted, and without it prox cannot see which processes run; "
            "mount it: mount -t proc proc /proc"
        )
