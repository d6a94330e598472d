"""`prox up`: start an instance, here or in the background (``daemon``)."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import exit_code_of
from prox.cli.names import expand
from prox.cli.output import colored
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


def _not_yet(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        raise NotYet(f"`prox up {parameter.opts[-1]}` is not yet in this version")


@click.command()
@click.argument("names", nargs=-1)
@click.option("-d", "--detach", is_flag=True, help="In the background; return when the API answers.")
@click.option("-p", "--api-port", type=_PORT, metavar="PORT", help="The API's port; 0: any that is free.")
@click.option("--wait", is_flag=True, help="Say so, or with -d return, when everything is ready; fail if it cannot be.")
@click.option("--wait-timeout", callback=seconds, metavar="TIME", help="Fail with code 124 after so long: 30s, 5m.")
@click.option("--keep", is_flag=True, help="With --wait: if it fails, keep running what runs.")
@click.option("--timings", is_flag=True, help="Show when each became ready, and the critical path.")
@click.option("--exit-when-done", is_flag=True, help="End when all processes have ended; with 1 if one failed.")
@click.option("--raw", is_flag=True, help="Let terminal control sequences of processes through.")
@click.option("--lifeline", type=int, metavar="FD", help="Stop everything when the other end of this pipe is closed.")
@click.option("--no-deps", is_flag=True, help="Start the named processes only, not what they need.")
@click.option("--no-proxy", is_flag=True, help="Without the proxy.")
@click.option("--watch/--no-watch", default=True, help="Restart processes when files that they `watch` change.")
@click.option("--tui", is_flag=True, callback=_not_yet, expose_value=False, hidden=True)
@click.option("--http-port", type=_PORT, metavar="PORT", help="The proxy's port for HTTP; 0: any that is free.")
@click.option("--https-port", type=_PORT, metavar="PORT", help="The proxy's port for HTTPS; 0: any that is free.")
@click.option("--private", type=click.Path(path_type=Path), hidden=True)
@click.option("--ready-fd", type=int, hidden=True)
def up(
    names: tuple[str, ...],
    detach: bool,
    ready_fd: int | None,
    **options: Any,
) -> int:
    """Start all processes, or NAMES, which may be groups; the others can be started later.

    Stays in the foreground and shows every line. Ctrl-C stops everything in order, once more kills it at once.
    """
    if options["wait_timeout"] is not None and not options["wait"]:
        raise click.UsageError("--wait-timeout needs --wait")
    if options["keep"] and not options["wait"]:
        raise click.UsageError("--keep needs --wait")
    if ready_fd is not None:
        os.set_inheritable(ready_fd, False)
    with _failures_told(ready_fd):
        if options["lifeline"] is not None:
            from prox.runtime.lifeline import take_lifeline

            take_lifeline(options["lifeline"])
        private = options["private"]
        check_system()
        if not private:
            refuse_running()
        config = load_project(overrides=read_private_settings(private).overrides_text if private else None)
        refuse_terminals(config)
        groups_of = {name: spec.groups for name, spec in all_specs(config).items()}
        chosen = tuple(wanted.name for wanted in expand(names, groups_of))
        if detach:
            from prox.cli.daemon import start_daemon

            keep = [options["lifeline"]] if options["lifeline"] is not None else []
            return start_daemon(config, [*names, *_as_arguments(options)], keep)
        from prox.startup import UpOptions, open_instance

        # A copy, which is closed as soon as it is used; ours stays, for what may go wrong until then.
        ready = os.dup(ready_fd) if ready_fd is not None else None
        chosen_options = UpOptions(names=chosen, color=colored(), ready_fd=ready, **options)
        with open_instance(config, chosen_options) as instance:
            # Trio comes with it; the first processes run already.
            from prox.foreground import run

            return run(instance, chosen_options)


def _as_arguments(options: dict[str, Any]) -> list[str]:
    """Return options as they are written on a command line."""
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
                raise NotYet(f"{kind}.{name}.tty is not yet in this version; take it out of prox.yaml")


@contextmanager
def _failures_told(ready_fd: int | None) -> Iterator[None]:
    """Tell whoever started us in the background what went wrong; counterpart of ``daemon``."""
    try:
        yield
    except (ProxError, click.UsageError) as error:
        if ready_fd is not None:
            code = exit_code_of(error) if isinstance(error, ProxError) else error.exit_code
            # It may be gone, or may know already that we are ready.
            with suppress(OSError):
                os.write(ready_fd, json.dumps({"error": str(error), "code": code}).encode() + b"\n")
        raise
