"""Run a command. The only place that turns an exception into a message on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from signal import SIGINT, SIGPIPE
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from prox.cli import exit_codes
from prox.cli.exit_codes import exit_code_of
from prox.cli.group import COMPLETION_VARIABLE, prox
from prox.cli.output import OutputFailed, warn
from prox.core.errors import ConfigError, ProxError
from prox.core.text import escape_controls


def main() -> NoReturn:
    """Run prox as a program."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks must not raise UnicodeEncodeError.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    _exit(run(sys.argv[1:]))


def _exit(code: int) -> NoReturn:
    """Exit at once: nothing is open any more, and the interpreter's own shutdown takes time."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        # The interpreter reports the error, as for any Python program.
        sys.exit(code)
    os._exit(code)


def run(args: list[str]) -> int:
    """Run a command line (without the program's name) and return its exit code."""
    try:
        return _invoke(args)
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.BY_SIGNAL + SIGINT
    except BrokenPipeError:
        # The reader of the output has gone.
        _discard_output()
        return exit_codes.BY_SIGNAL + SIGPIPE
    except Exception as error:
        with suppress(OSError):
            return explain(error)
        return exit_codes.INTERNAL_ERROR


def _open_closed_streams() -> None:
    """Open the null device for each of stdin, stdout and stderr that is closed.

    Otherwise the next file or socket would get that descriptor, and receive the output.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # open(2) returns the lowest free descriptor.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it stays open


def explain(error: Exception) -> int:
    """Print an error on stderr, and return its exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return exit_codes.USAGE
        case click.ClickException():
            warn(_usage_sentence(error))
            return exit_codes.USAGE
        case ConfigError():
            for line in str(error).splitlines():
                click.echo(escape_controls(line), err=True)
        case ProxError():
            warn(str(error))
            if isinstance(error, OutputFailed):
                _discard_output()
        case _:
            return _explain_unexpected(error)
    return exit_code_of(error)


def _invoke(args: list[str]) -> int:
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        return shell_complete(prox, {}, "prox", COMPLETION_VARIABLE, instruction)
    try:
        with prox.make_context("prox", args) as context:
            return prox.invoke(context) or exit_codes.OK
    except click.exceptions.Exit as end:
        return end.exit_code


def _usage_sentence(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"; see `{context.command_path} --help`" if context else ""
    return f"{message[:1].lower()}{message[1:]}{hint}"


def _explain_unexpected(error: Exception) -> int:
    if os.environ.get("PROX_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    warn(f"internal error: {what}; run again with PROX_DEBUG=1 for a traceback")
    return exit_codes.INTERNAL_ERROR


def _discard_output() -> None:
    """Redirect stdout to the null device, so that the final flush does not fail."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
