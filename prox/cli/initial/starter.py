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
# `prox config` prints this file with every default; `prox config --schema` prints its JSON Schema.
"""

_EXAMPLE = """\

processes:
  # A name and a command. Replace this example by your own.
  hello: while :; do echo "hello from prox"; sleep 5; done

  # api:
  #   cmd: uvicorn app:app --port $PORT   # a string goes through /bin/sh, a list does not
  #   cwd: services/api
  #   port: auto                          # a free port, in $PORT; other processes get it in $PROX_PORT_API
  #   env: {DEBUG: "true"}
  #   healthcheck:
  #     http: /health                     # or cmd, tcp, log, notify
  #     interval: 10s
"""

_MORE = """
  # A process can have more settings, for example:
  # api:
  #   cmd: ./serve --port $PORT
  #   port: auto
  #   healthcheck: {http: /health}
"""


def render(found: Found | None, *, env_file: bool) -> str:
    """Return the text of a prox.yaml; an example if nothing was found."""
    return "".join(_parts(found, env_file))


def _parts(found: Found | None, env_file: bool) -> Iterator[str]:
    yield _HEAD.format(title=f"Processes for prox, from {found.source}." if found else "Processes for prox.")
    if env_file:
        yield "\nenv_file: .env # for every process\n"
    if found is None:
        yield _EXAMPLE
        return
    yield "\nprocesses:\n"
    for name, command in found.processes.items():
        if name in found.with_port:
            yield f"  {_key(name)}:\n    {_entry('cmd', command)}"
            yield "    port: auto # a free port, in $PORT\n"
        else:
            yield f"  {_entry(name, command)}"
    if found.left_out:
        yield f"\n  # Also in {found.source}:\n"
        for name, command in found.left_out.items():
            yield f"  # {_entry(name, command)}"
    yield _MORE
    if found.jobs:
        yield "\njobs: # run to completion, by `prox run`\n"
        for name, command in found.jobs.items():
            yield f"  {_entry(name, command)}"


def _entry(key: str, value: str) -> str:
    """Return the line ``key: value``, quoted if YAML 1.1 or 1.2 would not read the value as text."""
    if scalar_kind(value) != "text":
        return f"{_key(key)}: '{value}'\n"
    return yaml.safe_dump({key: value}, width=float("inf"), allow_unicode=True)


def _key(name: str) -> str:
    return yaml.safe_dump({name: ""}).partition(":")[0]
