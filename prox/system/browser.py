"""Open a page in the user's browser, where there is one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

_OPENERS = ("xdg-open", "wslview", "sensible-browser")


def browser_command(url: str) -> list[str] | None:
    """Return the command that opens ``url``; None without a browser: no BROWSER, and no desktop that we can reach."""
    if chosen := os.environ.get("BROWSER", "").split(os.pathsep)[0].strip():
        words = shlex.split(chosen)
        if not words or shutil.which(words[0]) is None:
            return None
        return [word.replace("%s", url) for word in words] if "%s" in chosen else [*words, url]
    if sys.platform == "darwin":
        return ["open", url]
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")):
        return None
    opener = next(filter(None, map(shutil.which, _OPENERS)), None)
    return [opener, url] if opener else None


def open_browser(url: str) -> bool:
    """Open ``url`` in a browser that outlives us; return whether one was started."""
    command = browser_command(url)
    if command is None:
        return False
    null = subprocess.DEVNULL
    try:
        browser = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
    except OSError:
        return False
    # It outlives this process; without a return code, Popen would warn about it.
    browser.returncode = 0
    return True
