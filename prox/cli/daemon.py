"""`prox up -d`: start an instance in the background, and wait until it answers or has failed.

The instance is `prox up` in its own session. It inherits one end of a pipe and writes one line of JSON to it:
``{"pid", "url", "warnings"}``, or ``{"error", "code"}`` with the exit code. If the pipe closes without a line, the
error is only in the log.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prox.cli import exit_codes
from prox.cli.output import as_message, say, warn
from prox.core.config.jobs import all_specs
from prox.core.text import escape_controls
from prox.instance.folder import FOLDER, LOG_FILE
from prox.instance.owned_files import append_file, open_folder
from prox.instance.running import check_free
from prox.system.initial_environment import initial_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.config.model import Config

MAX_LOG = 10 * 1024 * 1024
"""Size of ``prox.log``, in bytes, above which the next start renames it to ``prox.log.1``."""
_MAX_MESSAGE = 64 * 1024
_LAST_BYTES = 256 * 1024
_LAST_LINES = 20

_LINE = re.compile(r"\d\d:\d\d:\d\d (\S+) *│")
"""A process's line in the log, as written by ``sinks.console``."""


def start_daemon(config: Config, arguments: list[str], keep: Sequence[int] = (), *, quiet: bool = False) -> int:
    """Start `prox up` with these arguments in the background, and return the exit code.

    ``keep``: descriptors to pass on, with the same numbers; ``quiet``: print errors only.

    Raises InstanceRunning, FolderRefused.
    """
    folder = Path(config.folder, FOLDER)
    check_free(folder)
    log, begin = _open_log(folder)
    reading, writing = os.pipe()
    _catch_signals()
    with open(reading, "rb") as status:
        try:
            daemon = _spawn(config, arguments, log, [writing, *keep])
        finally:
            os.close(writing)
            os.close(log)
        try:
            message = _parse(status.readline(_MAX_MESSAGE))
        except KeyboardInterrupt as interrupt:
            _stop(daemon)
            return exit_codes.BY_SIGNAL + int(interrupt.args[0])
    if "pid" in message:
        # It outlives this process; without a return code, Popen would warn about it.
        daemon.returncode = 0
        if quiet:
            return exit_codes.OK
        say(f"prox started (pid {message['pid']})")
        say(str(message["url"]))
        for warning in message.get("warnings", []):
            warn(escape_controls(str(warning)))
        return exit_codes.OK
    ended = daemon.wait()
    error = message.get("error", "prox exited before its API answered")
    _show_last_lines(folder / LOG_FILE, begin, error, [name for name in all_specs(config) if _mentions(error, name)])
    warn(error)
    return int(message.get("code") or _exit_code(ended))


def _spawn(config: Config, arguments: list[str], log: int, keep: list[int]) -> subprocess.Popen[bytes]:
    assert config.file is not None
    # -P: modules in the project directory must not shadow ours.
    command = [sys.executable, "-P", "-m", "prox", "up", f"--config={config.file}", f"--project-dir={config.folder}"]
    # The first descriptor is the pipe for its report.
    return subprocess.Popen(
        [*command, f"--ready-fd={keep[0]}", *arguments],
        cwd=config.folder,
        env=initial_environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=keep,
    )


def _open_log(folder: Path) -> tuple[int, int]:
    """Return a descriptor of the log, and the offset at which this start's lines will begin."""
    with open_folder(folder, create=True) as inside:
        log = append_file(LOG_FILE, inside)
        if os.fstat(log).st_size > MAX_LOG:
            os.close(log)
            os.replace(LOG_FILE, f"{LOG_FILE}.1", src_dir_fd=inside, dst_dir_fd=inside)
            log = append_file(LOG_FILE, inside)
        return log, os.fstat(log).st_size


def _catch_signals() -> None:
    """Make each stop signal also stop the instance, while we wait for it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stop(daemon: subprocess.Popen[bytes]) -> None:
    """Stop the instance in order, and wait for it; a second interrupt makes it kill everything."""
    while daemon.poll() is None:
        daemon.terminate()
        with suppress(KeyboardInterrupt):
            daemon.wait()


def _exit_code(ended: int) -> int:
    if ended == 0:
        return exit_codes.FAILED
    return ended if ended > 0 else exit_codes.INTERNAL_ERROR


def _mentions(error: str, name: str) -> bool:
    """Return whether an error message mentions a process."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", error) is not None


def _show_last_lines(path: Path, begin: int, error: str, names: list[str]) -> None:
    """Print the last lines of this start: those of the named processes, or all if there are none.

    The error, which the instance has logged too, is left out: the caller prints it.
    """
    try:
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(begin, size - _LAST_BYTES))
            lines = log.read(_LAST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return
    said = as_message(error).splitlines()
    lines = [line for line in lines if line not in said]
    theirs = [line for line in lines if (found := _LINE.match(line)) and found[1] in names]
    for line in (theirs or lines)[-_LAST_LINES:]:
        click.echo(escape_controls(line), err=True)
