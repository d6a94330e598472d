"""Start the terminal UI (``prox.tui``), or its replacement where there is no terminal for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prox.cli.down import stop_everything
from prox.cli.exit_codes import OK
from prox.cli.output import say
from prox.cli.project import client_finder, instance_folder
from prox.core.errors import ProxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.client.client import Client
    from prox.core.config.model import Config
    from prox.tui.keys import Keys

KEYS_FILE = Path(".config", "prox", "keys.yaml")
"""The user's keys, below the home folder."""


def attach_to(name: str, find: Callable[[], Client], *, accessible: bool) -> int:
    """Show a running instance until the user leaves, which changes nothing. ``name``: the project's."""
    if accessible:
        _run_accessible(find, owns=False)
    else:
        _run(name, find, owns=False)
    return OK


def up_with_tui(config: Config, arguments: list[str], *, accessible: bool) -> int:
    """Start an instance in the background, bound to us by a lifeline, and show it; return the exit code.

    If the UI is left by `quit`, or ends in any other way, the instance stops; `detach` lets it run.
    """
    from prox.cli.daemon import start_daemon

    reading, writing = os.pipe()
    try:
        try:
            started = start_daemon(config, [*arguments, f"--lifeline={reading}"], [reading], quiet=True)
        finally:
            os.close(reading)
        if started != OK:
            return started
        find = client_finder()
        stops = _run_accessible(find, owns=True) if accessible else _run(Path(config.folder).name, find, owns=True)
        if not stops:
            # Any byte releases the instance from its lifeline (``runtime.lifeline``).
            try:
                os.write(writing, b"d")
            except BrokenPipeError:
                say("prox has stopped already")
                return OK
            say("prox goes on; `prox attach` shows it again, `prox down` stops it")
            return OK
        say(f"stopping {_running(find)}")
        return stop_everything(progress=False)
    finally:
        os.close(writing)


def _running(find: Callable[[], Client]) -> str:
    """Return the number of running processes, as text."""
    try:
        count = sum(process["pid"] != 0 for process in find().processes())
    except ProxError:
        return "prox"
    return f"{count} {'process' if count == 1 else 'processes'}"


def _run(name: str, find: Callable[[], Client], *, owns: bool) -> bool:
    """Run the UI; return whether the instance is to stop."""
    from prox.tui.app import ProxTui

    keys, message = _keys()
    app = ProxTui(find, folder=name, keys=keys, owns=owns, message=message)
    result = app.run()
    if result is None and app.return_code:
        # It has shown its own error; the lifeline stops what it has started.
        sys.exit(app.return_code)
    return result == "stop"


def _run_accessible(find: Callable[[], Client], *, owns: bool) -> bool:
    from prox.tui.accessible import run

    return run(find, owns=owns)


def _keys() -> tuple[Keys, str]:
    """Return the table of keys, and what is wrong with the user's file, which is then not used."""
    from prox.tui.keys import KeysError, keys_of, load_keys

    try:
        return load_keys(Path.home() / KEYS_FILE), ""
    except KeysError as error:
        return keys_of(), f"{error}; the default keys are used"


def project_name() -> str:
    """Return the name of the project's folder, for the title."""
    return instance_folder().parent.name
