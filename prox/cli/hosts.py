"""`prox hosts`: show, add or remove the proxy's names in the hosts file."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prox.cli.output import say, warn
from prox.cli.project import load_project
from prox.core.hosts_file import block, has_block, with_block, without_block

if TYPE_CHECKING:
    from prox.core.config.model import Config

HOSTS_FILE = Path("/etc/hosts")
FAILED = 1


@click.command("hosts")
@click.option(
    "--show",
    "action",
    flag_value="show",
    default="show",
    help="Print the lines, and whether they are in the file; the default.",
)
@click.option("--add", "action", flag_value="add", help="Write the lines to the file.")
@click.option("--remove", "action", flag_value="remove", help="Remove the lines from the file.")
@click.option("--file", "path", type=click.Path(path_type=Path), default=HOSTS_FILE, help="Another hosts file.")
def hosts(action: str, path: Path) -> int:
    """Show, add or remove the proxy's names in the hosts file. Names below `localhost` need no entry."""
    config = load_project()
    names = names_of(config)
    if not names:
        if config.proxy is None:
            say("no proxy in prox.yaml")
        else:
            say(f"{config.proxy.domain} needs no entries: names below localhost are always this machine")
        return 0
    project = config.folder
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        warn(f"cannot read {path}: {error.strerror}")
        return FAILED
    there = has_block(text, project, names)
    if action == "show":
        say(block(project, names).rstrip())
        say(f"these lines are in {path}" if there else f"these lines are not in {path}; `prox hosts --add` adds them")
        return 0
    wanted = with_block(text, project, names) if action == "add" else without_block(text, project)
    if wanted == text:
        say(f"{path} needs no change")
        return 0
    try:
        replace_file(path, wanted)
    except OSError as error:
        warn(f"cannot write {path}: {error.strerror}; run as root: sudo prox hosts --{action}")
        return FAILED
    say(f"{path}: {', '.join(names)} {'added' if action == 'add' else 'removed'}")
    return 0


def names_of(config: Config) -> list[str]:
    """Return the names that need an entry in the hosts file."""
    if config.proxy is None:
        return []
    names = [config.proxy.domain, *(f"{service}.{config.proxy.domain}" for service in config.services)]
    return [name for name in names if name != "localhost" and not name.endswith(".localhost")]


def replace_file(path: Path, text: str) -> None:
    """Replace a file atomically, keeping its mode and owner. Raises OSError.

    A file that cannot be renamed over, for example a mount in a container, is written in place.
    """
    data = text.encode("utf-8", "surrogateescape")
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as file:
            if found:
                os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
                with suppress(PermissionError):
                    os.fchown(descriptor, found.st_uid, found.st_gid)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        try:
            draft.replace(path)
        except OSError:
            with path.open("r+b") as file:
                file.write(data)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
    finally:
        with suppress(OSError):
            draft.unlink()
