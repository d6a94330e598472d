"""`prox up`: start an instance in the foreground, or in the background (``daemon``)."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import exit_code_of
from prox.cli.names import expand
from prox.cli.output import colored, has_terminal
from prox.cli.parameters import seconds
from prox.cli.project import load_project, refuse_running
from prox.core.config.jobs import all_specs
from prox.core.errors import NotYet, ProxError
from prox.instance.private_settings import read_private_settings
from prox.system.requirements import check_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config

_PORT = click.IntRange(0, 65535)


@click.command()
@click.argument("names", nargs=-1)
@click.option("-d", "--detach", is_flag=True, help="Run in the background; return when the API answers.")
@click.option("-p", "--api-port", type=_PORT, metavar="PORT", help="The port of the API; 0: a free port.")
@click.option(
    "--wait",
    is_flag=True,
    help="Report when everything is ready (with -d: return then); fail if it cannot become ready.",
)
@click.option(
    "--wait-timeout", callback=seconds, metavar="TIME", help="Give up waiting after this time, with code 124: 30s, 5m."
)
@click.option("--keep", is_flag=True, help="With --wait: if it fails, leave running what runs.")
@click.option("--timings", is_flag=True, help="Show when each process became ready, and the critical path.")
@click.option("--exit-when-done", is_flag=True, help="Exit when all processes have exited; with code 1 if one failed.")
@click.option("--raw", is_flag=True, help="Pass terminal control sequences of processes through.")
@click.option("--lifeline", type=int, metavar="FD", help="Stop everything when the other end of this pipe is closed.")
@click.option("--no-deps", is_flag=True, help="Start only the named processes, not what they depend on.")
@click.option("--no-proxy", is_flag=True, help="Do not run the proxy.")
@click.option("--watch/--no-watch", default=True, help="Restart processes when files that they `watch` change.")
@click.option("--tui", is_flag=True, help="Run in the background, with the terminal UI; quitting it stops everything.")
@click.option("--accessible", is_flag=True, help="With --tui: lines in, lines out, for screen readers.")
@click.option("--http-port", type=_PORT, metavar="PORT", help="The proxy's port for HTTP; 0: a free port.")
@click.option("--https-port", type=_PORT, metavar="PORT", help="The proxy's port for HTTPS; 0: a free port.")
@click.option("--private", type=click.Path(path_type=Path), hidden=True)
@click.option("--ready-fd", type=int, hidden=True)
def up(
    names: tuple[str, ...],
    detach: bool,
    tui: bool,
    accessible: bool,
    ready_fd: int | None,
    **options: Any,
) -> int:
    """Start all processes, or NAMES, which can be groups; the others can be started later.

    In the foreground, every line is shown. Ctrl-C stops everything in order; a second Ctrl-C kills what is left.
    """
    if options["wait_timeout"] is not None and not options["wait"]:
        raise click.UsageError("--wait-timeout needs --wait")
    if options["keep"] and not options["wait"]:
        raise click.UsageError("--keep needs --wait")
    if tui and (detach or options["lifeline"] is not None):
        raise click.UsageError(f"--tui does not go with {'--detach' if detach else '--lifeline'}")
    if accessible and not tui:
        raise click.UsageError("--accessible needs --tui")
    if ready_fd is not None:
        os.set_inheritable(ready_fd, False)
    with _failures_reported(ready_fd):
        if options["lifeline"] is not None:
            from prox.runtime.lifeline import take_lifeline

            take_lifeline(options["lifeline"])
        private = options["private"]
        check_system()
        if not private:
            refuse_running(hint="; `prox attach` shows it" if tui else "")
        config = load_project(overrides=read_private_settings(private).overrides_text if private else None)
        refuse_terminals(config)
        groups_of = {name: spec.groups for name, spec in all_specs(config).items()}
        chosen = tuple(wanted.name for wanted in expand(names, groups_of))
        if tui and (accessible or has_terminal()):
            from prox.cli.tui import up_with_tui

            return up_with_tui(config, [*names, *_as_arguments(options)], accessible=accessible)
        if detach:
            from prox.cli.daemon import start_daemon

            keep = [options["lifeline"]] if options["lifeline"] is not None else []
            return start_daemon(config, [*names, *_as_arguments(options)], keep)
        from prox.startup import UpOptions, open_instance

        # A copy, which is closed after its use; the original reports errors until then.
        ready = os.dup(ready_fd) if ready_fd is not None else None
        chosen_options = UpOptions(names=chosen, color=colored(), ready_fd=ready, **options)
        with open_instance(config, chosen_options) as instance:
            # Imported now, since it imports Trio; the first processes already run.
            from prox.foreground import run

            return run(instance, chosen_options)


def _as_arguments(options: dict[str, Any]) -> list[str]:
    """Return options as command-line arguments."""
    arguments = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if name == "watch":
            arguments += [] if value else ["--no-watch"]
        elif value is True:
            arguments.append(flag)
        elif value is not None and value is not False:
            arguments.append(f"{flag}={value}s" if name == "wait_timeout" else f"{flag}={value}")
    return arguments


def refuse_terminals(config: Config) -> None:
    """Raise NotYet for a process or job with ``tty: true``."""
    for kind, specs in (("processes", config.processes), ("jobs", config.jobs)):
        for name, spec in specs.items():
            if spec.tty:
                raise NotYet(f"{kind}.{name}.tty is not in this version; remove it from prox.yaml")


@contextmanager
def _failures_reported(ready_fd: int | None) -> Iterator[None]:
    """Report failures to ``daemon``, the process that started us in the background."""
    try:
        yield
    except (ProxError, click.UsageError) as error:
        if ready_fd is not None:
            code = exit_code_of(error) if isinstance(error, ProxError) else error.exit_code
            # The reader may have gone, or may already know that we are ready.
            with suppress(OSError):
                os.write(ready_fd, json.dumps({"error": str(error), "code": code}).encode() + b"\n")
        raise
