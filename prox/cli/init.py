"""`prox init`: write a first prox.yaml."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import click

from prox.cli.group import settings
from prox.cli.output import say
from prox.core.errors import ProxError

_NAMES = ("prox.yaml", "prox.yml")


class InitFailed(ProxError):
    """prox.yaml exists or cannot be written."""

    code = "INIT_FAILED"


@click.command()
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(force: bool) -> None:
    """Write a first prox.yaml: from Procfile.dev, Procfile, or the scripts in package.json, whichever exists;
    otherwise an example to change.

    From package.json, the first of dev, develop, start, serve and watch is taken, or all of dev:api, dev:web and so
    on if there is no dev. The lock file decides between npm, yarn, pnpm and bun. Scripts that exit by themselves
    (build, test, lint) and docker-compose.yml are left out.

    A process of a Procfile that uses $PORT, or is named web, gets a free port; release becomes a job. If there is a
    .env, it becomes the env_file.
    """
    from prox.cli.initial.package_json import read_package_json
    from prox.cli.initial.procfile import read_procfile
    from prox.cli.initial.starter import render

    target = _target()
    if os.path.lexists(target) and not force:
        raise InitFailed(f"{target} exists; --force replaces it")
    folder = Path(settings().project_dir or target.parent)
    found = read_procfile(folder) or read_package_json(folder)
    _write(target, render(found, env_file=(folder / ".env").is_file()))
    if found:
        jobs = "".join(f"; {name} is a job: `prox run {name}`" for name in found.jobs)
        say(f"wrote {target.name} from {found.source}: {', '.join(found.processes)}; `prox up` starts it{jobs}")
    else:
        say(f"wrote {target.name} with an example; replace it by your commands, then run `prox up`")


def _target() -> Path:
    """Return the file to write: the one given by the options, an existing one, or prox.yaml."""
    given = settings()
    if given.config:
        return Path(given.config)
    folder = Path(given.project_dir or ".")
    return next((folder / name for name in _NAMES if os.path.lexists(folder / name)), folder / _NAMES[0])


def _write(target: Path, text: str) -> None:
    """Write the file atomically, writable only by its owner: prox refuses a file that everyone can write to."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(draft, target)
        finally:
            with suppress(OSError):
                draft.unlink()
    except OSError as error:
        raise InitFailed(f"cannot write {target}: {error.strerror}") from None
