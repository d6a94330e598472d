"""Spawn a command in a session of its own, with its output in pipes, and explain failures to the user."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.errors import StartFailed
from prox.core.lifecycle import Exit
from prox.system.children import add_child
from prox.system.descriptors import check_reserve
from prox.system.spawn_limits import popen
from prox.watchdog.marks import tag_for

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from prox.core.config.model import Command, Stdin
    from prox.core.logs.batch import Stream

_MAX_INTERPRETER_LINE = 256
"""Bytes that Linux reads (execve(2))."""
NOT_FOUND, NOT_ALLOWED = 127, 126
"""A shell's exit codes for a command that cannot be run (POSIX, Shell Command Language, 2.8.2)."""


class SpawnFailed(StartFailed):
    """A command that could not be run. ``exit``: the exit status that a shell would have."""

    def __init__(self, message: str, exit: Exit) -> None:
        super().__init__(message)
        self.exit = exit


class Spawned(Struct, frozen=True):
    """A running child and the descriptors for it, which the holder of this must close."""

    popen: subprocess.Popen[bytes]
    pipes: tuple[tuple[Stream, int], ...]
    """The read end of each output stream."""
    pidfd: int | None
    """A pidfd of the process, if the system has them."""
    stdin: int | None
    """The write end of its input, if that is a pipe."""


def spawn(
    command: Command,
    *,
    cwd: str,
    env: Mapping[str, str],
    merge: bool = False,
    listener: tuple[int, socket.socket] | None = None,
    stdin: Stdin = "null",
) -> Spawned:
    """Run a command in a session of its own, with its output in two pipes, or in one with ``merge``.

    A string is run by ``/bin/sh -c``. ``listener``: a socket and its descriptor number in the command; it stays open
    here. ``stdin``: ``null`` is an empty input, ``open`` one that never ends. Raises SpawnFailed.
    """
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    names: tuple[Stream, ...] = ("stdout",) if merge else ("stdout", "stderr")
    ours: list[int] = []
    theirs: list[int] = []
    try:
        for _ in names:
            read_end, write_end = os.pipe()
            ours.append(read_end)
            theirs.append(write_end)
        source = subprocess.DEVNULL
        if stdin == "open":
            source, held = os.pipe()
            theirs.append(source)
            ours.append(held)
        check_reserve(max(ours + theirs))
        process = popen(
            argv if listener is None else _with_descriptor(listener[0], argv, env, source),
            tag=tag_for(env["PROX_INSTANCE"], env.get("PROX_PROCESS", "")) if "PROX_INSTANCE" in env else None,
            cwd=cwd,
            env=env,
            start_new_session=True,
            stdin=source if listener is None else listener[1],
            stdout=theirs[0],
            stderr=theirs[len(names) - 1],
            pass_fds=[source] if listener and source >= 0 else (),
        )
    except (OSError, ValueError) as error:
        for descriptor in ours:
            os.close(descriptor)
        raise _explain(error, argv[0], cwd) from None
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    add_child(process.pid)
    outputs = tuple(zip(names, ours, strict=False))
    return Spawned(process, outputs, _pidfd_of(process.pid), ours[-1] if stdin == "open" else None)


def check_command(command: Command, *, cwd: str, env: Mapping[str, str]) -> None:
    """Check before a spawn that a command can probably be run. Raises SpawnFailed."""
    if why := why_not_in(cwd):
        raise SpawnFailed(why, Exit(code=NOT_FOUND))
    if isinstance(command, str):
        return
    program = command[0]
    found = os.path.join(cwd, program) if "/" in program else shutil.which(program, path=env.get("PATH"))
    if found is None or not os.path.exists(found):
        raise SpawnFailed(_why_not_found(program, cwd), Exit(code=NOT_FOUND))


def _with_descriptor(number: int, argv: list[str], env: Mapping[str, str], source: int) -> list[str]:
    """Return a command that runs ``argv`` with its stdin moved to descriptor ``number`` (3 to 9).

    ``source``: the new stdin, -1 for an empty one. Uses a shell, as ``preexec_fn`` is not safe with threads. Raises
    FileNotFoundError.
    """
    if "/" not in argv[0] and shutil.which(argv[0], path=env.get("PATH")) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
    path = "/dev/null" if source < 0 else f"/dev/fd/{source}"
    return ["/bin/sh", "-c", f'exec {number}<&0 <{path} && exec "$@"', "sh", *argv]


def _pidfd_of(pid: int) -> int | None:
    """Return a pidfd of a child; None if the system has no pidfds or no descriptor is left."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def why_not_in(cwd: str) -> str | None:
    """Return why a folder cannot be the working directory, None if it can."""
    if os.path.isdir(cwd):
        return None if os.access(cwd, os.X_OK) else f"cannot enter working directory {cwd}: permission denied"
    if os.path.lexists(cwd):
        return f"its working directory {cwd} is not a directory; change its cwd"
    return f"its working directory {cwd} does not exist; create it, or change its cwd"


def _why_not_found(program: str, cwd: str) -> str:
    """Return why a program was not found: the program or the interpreter in its first line is missing (execve(2))."""
    path = os.path.join(cwd, program)
    if "/" not in program or not os.path.exists(path):
        return f"command {program!r} not found; install it, or add its directory to PATH"
    try:
        with open(path, "rb") as file:
            first_line = file.readline(_MAX_INTERPRETER_LINE)
    except OSError:
        first_line = b""
    if not first_line.startswith(b"#!"):
        # A binary for another C library or processor.
        return f"{program!r} exists, but its dynamic loader does not; use a build for this system"
    words = first_line[2:].rstrip(b"\n").strip(b" \t").decode("utf-8", "backslashreplace").split(None, 1)
    interpreter = words[0] if words else ""
    if first_line.rstrip(b"\n").endswith(b"\r"):
        return (
            f"{program!r} has Windows line endings (CR LF), so its first line names the interpreter "
            f"'{interpreter}\\r'; convert it, for example with dos2unix"
        )
    return f"the interpreter {interpreter!r} that the first line of {program!r} names was not found; install it"


def _explain(error: OSError | ValueError, program: str, cwd: str) -> SpawnFailed:
    """Return the error for the user."""
    if isinstance(error, ValueError):
        # A NUL byte in an argument or a variable.
        return SpawnFailed(f"{program!r} cannot be run: {error}", Exit(code=NOT_ALLOWED))
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    exit = Exit(code=NOT_FOUND if missing else NOT_ALLOWED)
    if error.filename == cwd and (why := why_not_in(cwd)):
        return SpawnFailed(why, exit)
    if missing:
        return SpawnFailed(_why_not_found(program, cwd), exit)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        why = "too many open files; stop other processes, or raise the limit (ulimit -n)"
        return SpawnFailed(f"the command {program!r} cannot be run: {why}", exit)
    if error.errno == errno.EAGAIN:
        why = "too many processes; stop others, or raise the limit (ulimit -u, pids.max)"
        return SpawnFailed(f"the command {program!r} cannot be run: {why}", exit)
    if error.errno == errno.ENOEXEC:
        return SpawnFailed(f"{program!r} is not executable: no #! line; run it with its interpreter", exit)
    return SpawnFailed(f"the command {program!r} cannot be run: {error.strerror}", exit)
