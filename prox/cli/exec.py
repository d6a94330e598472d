"""`prox exec`: run a command in the environment and working directory of a process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prox.cli.output import warn
from prox.cli.project import find_client, load_project
from prox.core.config.jobs import all_specs
from prox.core.errors import UnknownProcess
from prox.core.spelling import did_you_mean

if TYPE_CHECKING:
    from prox.client.client import Client
    from prox.core.config.model import Config

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of a shell (POSIX, Shell Command Language, 2.8.2)."""


@click.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(name: str, command: tuple[str, ...]) -> int:
    """Run COMMAND in the environment and working directory of a process: prox exec api -- python manage.py shell

    The exit code is that of the command.
    """
    from prox.runtime.environ import process_environment
    from prox.system.initial_environment import initial_environment

    # click leaves the `--` in.
    command = command[1:] if command[0] == "--" else command
    if not command:
        raise click.UsageError("the command is missing: prox exec NAME -- COMMAND")
    config = load_project()
    specs = all_specs(config)
    if name not in specs:
        raise UnknownProcess(f"no process or job named {name!r}{did_you_mean(name, list(specs))}")
    client = find_client()
    ports = _known_ports(config, client)
    urls = client.status().get("urls", {}) if client else {}
    built = process_environment(
        config, name, specs[name], ports, instance="", inherited=initial_environment(), urls=urls
    )
    folder = Path(config.folder, specs[name].cwd)
    try:
        os.chdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        warn(f"working directory {folder} of {name} not found; create it, or change its cwd")
        return NOT_FOUND
    except OSError as error:
        warn(f"cannot enter working directory {folder} of {name}: {error.strerror}")
        return NOT_EXECUTABLE
    # prox would take a process with this variable for a leftover, and end it.
    built.variables.pop("PROX_INSTANCE")
    return _exec(command, built.variables)


def _known_ports(config: Config, client: Client | None) -> dict[str, int]:
    """Return the ports of all processes; without an instance, only the fixed ones."""
    if client is None:
        return {name: spec.port for name, spec in all_specs(config).items() if isinstance(spec.port, int)}
    known = {process["name"]: process["port"] for process in client.processes()}
    return {name: known[name] for name in all_specs(config) if known.get(name)}


def _exec(command: tuple[str, ...], environment: dict[str, str]) -> int:
    """Replace this process by a command; return an exit code if that fails."""
    sys.stdout.flush()
    # Python ignores SIGPIPE, and an ignored signal stays ignored after exec (signal(7)).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError:
        warn(f"command {command[0]!r} not found; install it, or add its directory to PATH")
        return NOT_FOUND
    except (OSError, ValueError) as error:
        warn(f"cannot run command {command[0]!r}: {getattr(error, 'strerror', None) or error}")
        return NOT_EXECUTABLE
