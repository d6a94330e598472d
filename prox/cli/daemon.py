"""`prox up -d`: start an instance in the background, and stay until it answers or has failed.

The instance is `prox up` in a session of its own, which holds none of our descriptors but one end of a pipe. On
that it writes one line of JSON: ``{"pid", "url", "warnings"}``, or ``{"error", "code"}`` with the exit code; its end
without a line says that it failed in a way that only its log tells.
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
from prox.system.given_environment import given_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.config.model import Config

MAX_LOG = 10 * 1024 * 1024
"""Bytes of ``prox.log`` above which the next start begins a new one and keeps this one as ``prox.log.1``."""
_MAX_MESSAGE = 64 * 1024
_LAST_BYTES = 256 * 1024
_LAST_LINES = 20

_LINE = re.compile(r"\d\d:\d\d:\d\d (\S+) *│")
"""A line of a process in the log, as ``sinks.console`` writes it."""


def start_daemon(config: Config, arguments: list[str], keep: Sequence[int] = ()) -> int:
    """Start `prox up` with these arguments in the background, and return the exit code.

    ``keep``: descriptors that it gets with the same numbers.

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
        # It lives on, and nobody waits for it here.
        daemon.returncode = 0
        say(f"prox started (pid {message['pid']})")
        say(str(message["url"]))
        for warning in message.get("warnings", []):
            warn(escape_controls(str(warning)))
        return exit_codes.OK
    ended = daemon.wait()
    error = message.get("error", "prox ended before it could answer")
    _show_last_lines(folder / LOG_FILE, begin, error, [name for name in all_specs(config) if _names(error, name)])
    warn(error)
    return int(message.get("code") or _code_of(ended))


def _spawn(config: Config, arguments: list[str], log: int, keep: list[int]) -> subprocess.Popen[bytes]:
    assert config.file is not None
    # -P: no module that lies in the project's folder takes the place of one of ours.
    command = [sys.executable, "-P", "-m", "prox", "up", f"--config={config.file}", f"--project-dir={config.folder}"]
    # The first of those kept is the pipe on which it says how it went.
    return subprocess.Popen(
        [*command, f"--ready-fd={keep[0]}", *arguments],
        cwd=config.folder,
        env=given_environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=keep,
    )


def _open_log(folder: Path) -> tuple[int, int]:
    """Return a descriptor of the log, and where the lines of this start will begin in it."""
    with open_folder(folder, create=True) as inside:
        log = append_file(LOG_FILE, inside)
        if os.fstat(log).st_size > MAX_LOG:
            os.close(log)
            os.replace(LOG_FILE, f"{LOG_FILE}.1", src_dir_fd=inside, dst_dir_fd=inside)
            log = append_file(LOG_FILE, inside)
        return log, os.fstat(log).st_size


def _catch_signals() -> None:
    """Let each signal that ends prox stop what was started, as long as we wait for it."""
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
    """Stop it again, in order; another interrupt kills everything at once. Either way it is waited for."""
    while daemon.poll() is None:
        daemon.terminate()
        with suppress(KeyboardInterrupt):
            daemon.wait()


def _code_of(ended: int) -> int:
    if ended == 0:
        return exit_codes.FAILED
    return ended if ended > 0 else exit_codes.PROX_FAILED


def _names(error: str, name: str) -> bool:
    """Say whether an error speaks of a process."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", error) is not None


def _show_last_lines(path: Path, begin: int, error: str, names: list[str]) -> None:
    """Print the last lines of this start: those of the named processes, or, where there are none, of all.

    The error itself, which it has printed, too, is left to whoever calls.
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
