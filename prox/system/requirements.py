"""System requirements of prox."""

from __future__ import annotations

import os
import sys

from prox.core.errors import ProxError


class SystemUnfit(ProxError):
    """The system lacks what prox needs to find and end processes; the message has the fix."""

    code = "SYSTEM_UNFIT"


def check_system() -> None:
    """Raise SystemUnfit if the system does not meet prox's requirements."""
    if sys.platform == "linux" and not os.path.exists("/proc/self/stat"):
        raise SystemUnfit("/proc is not mounted, so prox cannot see running processes; fix: mount -t proc proc /proc")
