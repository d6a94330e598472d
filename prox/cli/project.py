"""Find the project, instance and API of a command, or take those that the options name."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prox.cli.group import settings
from prox.core.errors import InstanceRunning, NoInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.client.client import Client
    from prox.client.target import Target
    from prox.core.config.model import Config
    from prox.instance.state import InstanceState

STARTING_SECONDS = 15.0
"""How long an instance may take from locking its folder to writing the state file, when its API answers."""
_POLL_SECONDS = 0.05


def current_folder() -> Path:
    """Return the current directory, or its former path if it was removed. Raises NoInstance without one."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        path = os.environ.get("PWD", "")
        if not os.path.isabs(path):
            raise NoInstance("the current directory was removed; change to another one") from None
        return Path(path)


def find_config_file() -> Path:
    """Return the project's prox.yaml. Raises ConfigError if there is none."""
    from prox.instance.finding import find_config

    given = settings()
    return find_config(config=given.config, project_dir=given.project_dir, cwd=current_folder())


def load_project(*, overrides: str | None = None) -> Config:
    """Read the project's prox.yaml. ``overrides``: YAML that is merged over it. Raises ConfigError."""
    from prox.instance.project import load_config

    return load_config(find_config_file(), project_dir=settings().project_dir, overrides=overrides)


def refuse_running(*, hint: str = "") -> None:
    """Raise InstanceRunning if an instance runs here, even if its prox.yaml is gone. ``hint``: the message's end."""
    from prox.instance.running import check_free

    if found := _running_here():
        try:
            check_free(found)
        except InstanceRunning as error:
            raise InstanceRunning(f"{error}{hint}") from None


def project_folder() -> Path:
    """Return the project directory. Raises ConfigError if there is no project."""
    given = settings().project_dir
    return Path(given).absolute() if given else find_config_file().absolute().parent


def instance_folder() -> Path:
    """Return the project's ``.prox``. Raises ConfigError if no instance runs and there is no prox.yaml."""
    from prox.instance.folder import FOLDER

    return _running_here() or project_folder() / FOLDER


def _running_here() -> Path | None:
    """Return the instance folder of the nearest project, in the current directory or above it, if an instance runs.

    None if the options name another project.
    """
    from prox.instance.finding import NAMES
    from prox.instance.folder import FOLDER, is_locked
    from prox.instance.owned_files import FolderRefused
    from prox.instance.registry import entries

    if settings().config is not None or settings().project_dir is not None:
        return None
    registered = None
    folder = current_folder()
    for each in (folder, *folder.parents):
        with suppress(FolderRefused, OSError):
            if is_locked(each / FOLDER):
                return each / FOLDER
            registered = entries() if registered is None else registered
            if any(entry.is_in(each) for entry in registered):
                return each / FOLDER
        if any((each / name).exists() for name in NAMES):
            return None
    return None


def running_instance() -> InstanceState | None:
    """Return the state of the project's instance, once its API answers; None if no instance runs.

    Raises ConfigError, NoInstance."""
    from prox.instance.running import is_running, read_running

    folder = instance_folder()
    deadline = time.monotonic() + STARTING_SECONDS
    while is_running(folder):
        if state := read_running(folder):
            return state
        if time.monotonic() > deadline:
            raise NoInstance(f"the instance in {folder.parent} does not answer; see .prox/prox.log")
        time.sleep(_POLL_SECONDS)
    return None


def find_client() -> Client | None:
    """Return a client of the command's instance; None if the project has no running instance."""
    address = settings().addr
    if address:
        return _client(_target_at(address, settings().token_file))
    state = running_instance()
    return _client(_target_of(state, settings().token_file)) if state else None


def client_finder() -> Callable[[], Client]:
    """Return a function that any thread may call: it returns a client of the command's instance as it is then.

    It raises NoInstance if none runs; the instance may have been stopped and started again.
    """
    given = settings()
    folder = None if given.addr else instance_folder()

    def find() -> Client:
        from prox.instance.running import read_running

        if folder is None:
            assert given.addr is not None
            return _client(_target_at(given.addr, given.token_file))
        state = read_running(folder)
        if state is None:
            raise NoInstance(f"no instance is running in {folder.parent}")
        return _client(_target_of(state, given.token_file))

    return find


def connect() -> Client:
    """Return a client of the command's instance. Raises NoInstance if none runs."""
    client = find_client()
    if client is None:
        raise NoInstance(f"no instance is running in {project_folder()}; `prox up` starts one, `prox list` shows all")
    return client


def _client(target: Target) -> Client:
    from prox.client.client import Client

    return Client(target)


def _target_of(state: InstanceState, token_file: str | None) -> Target:
    from prox.client.target import Target

    return Target(
        host=state.reachable_host,
        port=state.port,
        instance=state.instance,
        read_token=partial(_read_token, token_file),
        token_for_anyone=True,
    )


def _target_at(address: str, token_file: str | None) -> Target:
    from prox.client.target import Target, parse_address

    try:
        host, port = parse_address(address)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    read_token = partial(_read_token, token_file)
    return Target(host=host, port=port, read_token=read_token, token_for_anyone=token_file is not None)


def _read_token(file: str | None) -> str | None:
    from prox.instance.token import find_token, read_token_file

    return read_token_file(Path(file)) if file else find_token()
