"""`prox start`, `stop` and `restart`: set the goals of several processes at once."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import OK, exit_code_of
from prox.cli.leftovers import report_leftovers
from prox.cli.names import expand
from prox.cli.output import say, warn
from prox.cli.project import connect
from prox.cli.reload import hint_at_reload
from prox.core.errors import ConfigError, ProxError, UnknownProcess
from prox.core.scheduling import stop_levels
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from prox.cli.names import Wanted
    from prox.client.client import Client

_IN_WANTED_STATE = ("PROCESS_ALREADY_RUNNING", "PROCESS_NOT_RUNNING")


@click.command()
@click.argument("names", nargs=-1, required=True)
def start(names: tuple[str, ...]) -> int:
    """Start the named processes, all at once; NAMES can be groups."""
    client = connect()
    code = _pursue(client, names, client.start, "started")
    hint_at_reload(client.status())
    return code


@click.command()
@click.argument("names", nargs=-1)
def stop(names: tuple[str, ...]) -> int:
    """Stop the named processes, all at once, and wait until no descendant of them is left; NAMES can be groups.

    Without names, stop everything, as `prox down` does.
    """
    if not names:
        from prox.cli.down import stop_everything

        return stop_everything()
    client = connect()
    return _pursue(client, names, client.stop, "stopped", in_order=True)


@click.command()
@click.argument("names", nargs=-1, required=True)
def restart(names: tuple[str, ...]) -> int:
    """Restart the named processes, all at once; start those that are not running. NAMES can be groups."""
    client = connect()
    code = _pursue(client, names, client.restart, "restarted")
    hint_at_reload(client.status())
    return code


def _pursue(
    client: Client, names: tuple[str, ...], ask: Callable[[str], Any], done: str, *, in_order: bool = False
) -> int:
    """Call ``ask`` for all processes at once, and return the exit code of the first failure, or OK.

    ``ask`` returns the leftovers. ``in_order``: level by level, dependents first.
    """
    processes = {process["name"]: process for process in client.processes()}
    try:
        wanted = expand(names, {name: process.get("groups", ()) for name, process in processes.items()})
    except UnknownProcess as error:
        raise _not_loaded(client, names, processes) or error from None
    levels = stop_levels({name: process.get("depends_on", ()) for name, process in processes.items()})
    code = OK
    for level in levels if in_order else [list(processes)]:
        chosen = [each for each in wanted if each.name in level]
        failed = _say_outcomes(_at_once(ask, chosen), done)
        code = code or failed
    return code


def _not_loaded(client: Client, names: tuple[str, ...], loaded: Container[str]) -> UnknownProcess | None:
    """Return an error for names that are in prox.yaml but not loaded; None if there are none."""
    from prox.core.config.jobs import all_specs
    from prox.instance.project import load_config

    status = client.status()
    file, folder = status.get("config_file"), status.get("project_dir")
    if not file or not Path(file).exists():
        return None
    try:
        config = load_config(file, project_dir=folder)
    except ConfigError:
        return None
    new = [name for name in names if name not in loaded and name in all_specs(config)]
    if not new:
        return None
    which = f"{' and '.join(new)} {'is' if len(new) == 1 else 'are'}"
    return UnknownProcess(f"{which} in prox.yaml but not loaded yet; run `prox reload`")


def _say_outcomes(outcomes: Iterator[tuple[Wanted, Any, Exception | None]], done: str) -> int:
    code = OK
    for wanted, left, error in outcomes:
        # Members of a group that are already in the wanted state are skipped.
        if error is None or (wanted.by_group and isinstance(error, ProxError) and error.code in _IN_WANTED_STATE):
            say(f"{escape_controls(wanted.name)} {done}")
            if left:
                code = code or report_leftovers(left)
        elif isinstance(error, ProxError):
            warn(str(error))
            code = code or exit_code_of(error)
        else:
            raise error
    return code


def _at_once(ask: Callable[[str], Any], all_wanted: list[Wanted]) -> Iterator[tuple[Wanted, Any, Exception | None]]:
    """Call ``ask`` for each process in a thread, and yield the outcomes in the order in which they arrive."""
    ended: SimpleQueue[tuple[Wanted, Any, Exception | None]] = SimpleQueue()

    def work(wanted: Wanted) -> None:
        try:
            ended.put((wanted, ask(wanted.name), None))
        except Exception as error:
            ended.put((wanted, None, error))

    for wanted in all_wanted:
        # A daemon thread, so that an interrupt does not wait for it; the goal is set nevertheless.
        Thread(target=work, args=(wanted,), daemon=True).start()
    for _ in all_wanted:
        yield ended.get()
