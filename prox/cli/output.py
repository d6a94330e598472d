"""Text for people and for programs: whether it is coloured, and that nothing in it drives the terminal."""

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
    """Say whether the output may have colours: on a terminal, unless the user or CI says otherwise."""
    if settings().no_color or os.environ.get("NO_COLOR") or os.environ.get("CI"):
        return False
    return is_terminal(stream or sys.stdout) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a person may be looking; a stream that was closed by whoever started us is None."""
    return stream is not None and stream.isatty()


def say(text: str) -> None:
    """Print a line, at once: the next one may take a while to come. Raises OutputFailed."""
    with _failures_translated():
        print(text, flush=True)


def say_bytes(data: bytes) -> None:
    """Print lines that are rendered already, at once. Raises OutputFailed."""
    with _failures_translated():
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


@contextmanager
def _failures_translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"the output cannot be written: {error.strerror}") from None


def exit_with_reader() -> None:
    """End this program as soon as nobody reads its output, also while there is nothing to write.

    For commands that wait for lines: `prox logs -f api | grep -m1 ready` ends with grep.
    """
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:
        # Within another program, which may go on without the reader.
        return
    descriptor = stdout.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        Thread(target=_wait_reader_gone, args=(descriptor,), daemon=True).start()


def _wait_reader_gone(descriptor: int) -> None:
    poll = select.poll()
    # Errors and hang-ups are reported without being asked for (poll(2)).
    poll.register(descriptor, 0)
    poll.poll()
    # Nothing can be written any more, and the main thread waits for lines.
    os._exit(BY_SIGNAL + signal.SIGPIPE)


def warn(text: str) -> None:
    """Print a message on stderr, with prox's name in front, unless it begins with that already."""
    click.echo(as_message(text), err=True)


def as_message(text: str) -> str:
    """Return a message as ``warn`` prints it."""
    message = "\n".join(escape_controls(line) for line in text.splitlines())
    return message if message.startswith("prox ") else f"prox: {message}"


def print_json(value: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Print an object for a program; ``indent`` None: on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # JSON lets DEL and the C1 controls stand as they are; a terminal that shows it would obey them (ECMA-48 §5.3).
    say(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
