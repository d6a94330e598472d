"""Print text and JSON, with colours where they are wanted, and without control characters from outside."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import stat
import sys
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

import click

from prox.cli.exit_codes import BY_SIGNAL
from prox.cli.group import settings
from prox.core.errors import ProxError
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class OutputFailed(ProxError):
    """The output cannot be written, for example because the disk is full."""

    code = "OUTPUT_FAILED"


_CONTROLS = re.compile("[\x7f-\x9f]")


def colored(stream: TextIO | None = None) -> bool:
    """Return whether to use colours: on a terminal, unless --no-color, NO_COLOR, CI or TERM=dumb is set."""
    if settings().no_color or os.environ.get("NO_COLOR") or os.environ.get("CI"):
        return False
    return is_terminal(stream or sys.stdout) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; None is a stream that was closed at the start."""
    return stream is not None and stream.isatty()


def has_terminal() -> bool:
    """Return whether a terminal UI can be drawn: on a terminal, unless CI is set or TERM is dumb."""
    return (
        is_terminal(sys.stdin)
        and is_terminal(sys.stdout)
        and not os.environ.get("CI")
        and os.environ.get("TERM", "dumb") != "dumb"
    )


def say(text: str) -> None:
    """Print a line and flush it. Raises OutputFailed."""
    with _write_errors_translated():
        print(text, flush=True)


def say_bytes(data: bytes) -> None:
    """Print rendered lines and flush them. Raises OutputFailed."""
    with _write_errors_translated():
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


@contextmanager
def _write_errors_translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"cannot write the output: {error.strerror}") from None


def exit_when_reader_gone() -> None:
    """Exit as soon as the reader of stdout has gone, even if there is nothing to write.

    For commands that follow: `prox logs -f api | grep -m1 ready` exits with grep.
    """
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:
        # Called within another program, which may continue without the reader.
        return
    descriptor = stdout.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        Thread(target=_wait_reader_gone, args=(descriptor,), daemon=True).start()


def _wait_reader_gone(descriptor: int) -> None:
    poll = select.poll()
    # POLLERR and POLLHUP are reported without being requested (poll(2)).
    poll.register(descriptor, 0)
    poll.poll()
    # The main thread is blocked waiting for lines, so it cannot exit by itself.
    os._exit(BY_SIGNAL + signal.SIGPIPE)


def warn(text: str) -> None:
    """Print a message on stderr, with the prefix ``prox: `` unless it begins with ``prox``."""
    click.echo(as_message(text), err=True)


def as_message(text: str) -> str:
    """Return a message with prefix, and with control characters escaped."""
    message = "\n".join(escape_controls(line) for line in text.splitlines())
    return message if message.startswith("prox ") else f"prox: {message}"


def print_json(value: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Print a JSON object; ``indent`` None: on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # json leaves DEL and the C1 controls unescaped; a terminal would obey them (ECMA-48 §5.3).
    say(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
