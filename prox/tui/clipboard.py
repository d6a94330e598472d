"""Copy text: by the platform's tool if there is one. The terminal's own way (OSC 52) is up to the app."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

_SECONDS = 5.0


def copy_command() -> list[str] | None:
    """Return the command of this desktop that copies its input; None if there is none, as over SSH."""
    candidates: list[list[str]] = []
    if sys.platform == "darwin":
        candidates.append(["pbcopy"])
    if os.environ.get("WAYLAND_DISPLAY"):
        candidates.append(["wl-copy"])
    if os.environ.get("DISPLAY"):
        candidates += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    if os.environ.get("WSL_DISTRO_NAME"):
        candidates.append(["clip.exe"])
    return next((command for command in candidates if shutil.which(command[0])), None)


def copy_with_tool(text: str) -> bool:
    """Give a text to the platform's tool, in a thread; return whether there is one."""
    command = copy_command()
    if command is None:
        return False
    threading.Thread(target=_run, args=(command, text), name="prox copy", daemon=True).start()
    return True


def _run(command: list[str], text: str) -> None:
    null = subprocess.DEVNULL
    try:
        subprocess.run(command, input=text.encode(), stdout=null, stderr=null, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
