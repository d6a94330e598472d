"""The text of a new prox.yaml, from the commands found in a project, with comments about further keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from prox.core.config.document import scalar_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.cli.initial.found import Found

_HEAD = """\
# {title}
# `prox up` starts it, `prox status` and `prox logs` show it, Ctrl-C or `prox down` stops it.
# `prox config` prints this file with every default; `prox config --schema` says what can stand in it.
"""

_EXAMPLE = """\

processes:
  # A name and a command. Replace this one by yours.
  hello: while :; do echo "hello from prox"; sleep 5; done

  # api:
  #   cmd: uvicorn app:app --port $PORT   # a string goes through /bin/sh, a list does not
  #   cwd: services/api
  #   port: auto                          # a free one, in $PORT; the others find it in $PROX_PORT_API
  #   env: {DEBUG: "true"}
  #   healthcheck:
  #     http: /health                     # or cmd, tcp, log, notify
  #     interval: 10s
"""

_MORE = """
  # More can be said of a process, for example:
  # api:
  #   cmd: ./serve --port $PORT
  #   port: auto
  #   healthcheck: {http: /health}
"""


def render(found: Found | None, *, env_file: bool) -> str:
    """Return a prox.yaml; with an example where nothing was found."""
    return "".join(_parts(found, env_file))


def _parts(found: Found | None, env_file: bool) -> Iterator[str]:
    yield _HEAD.format(title=f"What is run here, from {found.source}." if found else "What is run here.")
    if env_file:
        yield "\nenv_file: .env # for every process\n"
    if found is None:
        yield _EXAMPLE
        return
    yield "\nprocesses:\n"
    for name, command in found.processes.items():
        if name in found.with_port:
            yield f"  {_key(name)}:\n    {_entry('cmd', command)}"
            yield "    port: auto # a free one, which the process finds in $PORT\n"
        else:
            yield f"  {_entry(name, command)}"
    if found.left_out:
        yield f"\n  # Also in {found.source}:\n"
        for name, command in found.left_out.items():
            yield f"  # {_entry(name, command)}"
    yield _MORE
    if found.jobs:
        yield "\njobs: # they run to their end\n"
        for name, command in found.jobs.items():
            yield f"  {_entry(name, command)}"


def _entry(key: str, value: str) -> str:
    """Return ``key: value`` on a line, quoted where YAML, 1.1 or 1.2, would take it for something else."""
    if scalar_kind(value) != "text":
        return f"{_key(key)}: '{value}'\n"
    return yaml.safe_dump({key: value}, width=float("inf"), allow_unicode=True)


def _key(name: str) -> str:
    return yaml.safe_dump({name: ""}).partition(":")[0]
