"""Configurations for tests: one with every key, any that is valid (Hypothesis), and what is wrong with a text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.structs import replace

from prox.core.config.model import (
    Api,
    Config,
    Dependency,
    EnvFile,
    HealthCheck,
    Job,
    ListenFd,
    ProcessSpec,
    Proxy,
    Restart,
    Service,
    Watch,
    fields_of,
)
from prox.core.config.parse import parse
from prox.core.environment import port_variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import Struct

FOLDER = "/project"

EVERY_KEY = """\
api:
  host: 127.0.0.1
  port: 5555
  auth: false
  allowed_hosts: []
env_file: .env
env: {TZ: UTC}
shutdown_timeout: 10s
logs:
  dir: .prox/logs
  max_size: 10MB
  keep: 3
  buffer_lines: 1000
  buffer_bytes: 1MB

processes:
  web: npm run dev
  worker: [python, worker.py]
  db: {cmd: postgres, port: 5432, healthcheck: {tcp: true}}
  cache: {cmd: redis, healthcheck: {tcp: 6379, interval: 10s}}
  queue: {cmd: rabbit, healthcheck: {cmd: "curl -f http://localhost:$PORT/health"}}
  mq: {cmd: mq, healthcheck: {log: "Listening on"}}
  said: {cmd: said, port: {fd: 3}, healthcheck: {notify: true}}
  api:
    cmd: uvicorn app:app --port $PORT
    description: The HTTP API
    cwd: services/api
    env: {DEBUG: "true"}
    env_file: .env.api
    port: auto
    fixed: false
    healthcheck:
      http: /health
      status: [200, 401]
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 30s
      start_interval: 500ms
    depends_on: {db: healthy, cache: started, migrate: completed,
      seed: finished, queue: {condition: healthy, restart: true}, mq: {log: "ready$"}}
    restart: {policy: on-failure, max: 5, backoff: 500ms, max_backoff: 30s, reset_after: 10s}
    stop:
      signal: SIGTERM
      timeout: 10s
      cmd: nginx -s quit
      leftovers: kill
    watch: {paths: [src], ignore: ["**/*.pyc"], debounce: 200ms}
    start_timeout: 5m
    autostart: true
    groups: [backend]
    fail_on_log: "Traceback|panic:"
    reset: psql -c 'truncate …'
    per_worker: false
    tty: false
  admin: {cmd: admin, port: 8080, reset: {http: "POST /reset"}, depends_on: [db, migrate]}

jobs:
  migrate: alembic upgrade head
  seed: [python, seed.py]
  e2e:
    cmd: pytest e2e
    depends_on: [api]
    timeout: 10m
    retries: 1
    success_codes: [0]
    allow_failure: false
    slots: 1
    lock: browser
    junit: "out/*.xml"

proxy:
  enabled: true
  host: 127.0.0.1
  http_port: 6788
  https_port: 6789
  domain: local.myapp.dev
  wait: 30s
  trust: []
  capture: {enabled: true, max_body_size: 1MB}
services:
  app: 3000
  api: {port: 8000, host: localhost}
  admin: {process: api}
certs: {dir: ~/.prox/certs, auto_generate: true, export: false}
"""
"""The example of the contract (``configuration.md``), with one kind of health check each, and all that it names."""


def config_of(text: str) -> Config:
    """Return a configuration that has nothing wrong."""
    parsed = parse([(text, "prox.yaml")], folder=FOLDER, file=None)
    if parsed.config is None or parsed.problems:
        pytest.fail("\n".join(map(str, parsed.problems)))
    return parsed.config


def problems_of(*texts: str) -> list[str]:
    """Return what is wrong with prox.yaml, and with what is laid over it."""
    names = ("prox.yaml", "prox.override.yaml")
    parsed = parse(list(zip(texts, names, strict=False)), folder=FOLDER, file=None)
    return [str(problem) for problem in parsed.problems]


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,8}\Z").filter(lambda name: name != "system")
TRICKY = ["0123", "1.0", "no", "True", "~", "a: b", "- x", "<<", "# x", "!x", "two\nlines\n", " x ", "'", '"', "\t"]
"""Texts that YAML takes for something else, where they are not in quotes."""
TEXT = st.sampled_from(TRICKY) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20
)
_COMMANDS = TEXT.filter(str.strip) | st.lists(TEXT, min_size=1, max_size=3).filter(lambda words: words[0]).map(tuple)
_FORMS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT.filter(bool),
    "name": NAMES,
    "pattern": st.sampled_from(["ready$", "^Listening on [0-9]+", "a: b # c", "", "5", "no"]),
    "signal": st.sampled_from(["SIGTERM", "SIGINT", "SIGUSR1"]),
    "request": st.sampled_from(["POST /reset", "DELETE /"]),
    "label": st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?\Z"),
    "domain": st.sampled_from(["localhost", "local.myapp.dev"]),
    "stdin": st.sampled_from(["open", "null"]),
    "network": st.sampled_from(["10.0.0.1", "10.0.0.0/8", "::1"]),
    "command": _COMMANDS,
    "scalars": st.dictionaries(TEXT.filter(lambda name: name and "=" not in name), TEXT, max_size=3),
    "env_files": st.lists(
        st.builds(EnvFile, TEXT.filter(lambda path: path and path[0] != "?"), optional=st.booleans()), max_size=2
    ).map(tuple),
    "dependencies": st.just({}),
}


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return any value of a type of the model."""
    match kind:
        case inspect.Metadata(extra={"form": "duration"}, type=inspect.FloatType(gt=above)):
            nanoseconds = st.integers(0 if above is None else 1, 2**63 - 1) | st.integers(1, 10**4).map(
                lambda milliseconds: milliseconds * 10**6
            )
            return nanoseconds.map(lambda number: number / 10**9)
        case inspect.Metadata(extra={"form": "size"}):
            return st.integers(1, 2**63 - 1) | st.integers(1, 1024).map(lambda number: number * 1024)
        case inspect.Metadata(extra={"form": form}):
            return _FORMS[form]
        case inspect.Metadata(type=inner):
            return _values(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_values(each) for each in types])
        case inspect.StructType(cls=cls):
            return _structs(cls)
        case inspect.VarTupleType(item_type=item):
            return st.lists(_values(item), max_size=3).map(tuple)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, high)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    return TEXT


def _structs(cls: type[Struct], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values of a section that keep its rules; what is not given is mostly left at its default."""
    fields, required = _fields_of(cls)
    given = {name: fields[name] for name in required} | given
    rest = {name: strategy for name, strategy in fields.items() if name not in given}
    keep = _KEEP_RULES.get(cls, lambda fields: fields)
    return st.fixed_dictionaries(given, optional=rest).map(lambda values: cls(**keep(values)))


@cache
def _fields_of(cls: type[Struct]) -> tuple[dict[str, st.SearchStrategy[Any]], list[str]]:
    """Return what each field can be, made once as that takes long, and which fields there must be."""
    fields = fields_of(cls)
    return {field.name: _values(field.type) for field in fields}, [field.name for field in fields if field.required]


def _keep_restart(fields: dict[str, Any]) -> dict[str, Any]:
    low, high = fields.get("backoff", 0.5), fields.get("max_backoff", 30.0)
    return {**fields, "backoff": min(low, high), "max_backoff": max(low, high)}


def _keep_proxy(fields: dict[str, Any]) -> dict[str, Any]:
    ports = [fields.get(key) for key in ("http_port", "https_port") if fields.get(key) is not None]
    return {**fields, "enabled": fields["enabled"] and bool(ports)}


_KEEP_RULES: dict[type[Struct], Callable[[dict[str, Any]], dict[str, Any]]] = {
    Restart: _keep_restart,
    Proxy: _keep_proxy,
    Job: lambda fields: {**fields, "success_codes": fields.get("success_codes") or (0,)},
}


def _health_checks(own_port: bool) -> st.SearchStrategy[HealthCheck]:
    """Return checks of one kind each; one of the process's own port only where it has one."""
    own = [st.just({"tcp": True}), st.just({"http": "/health"})] if own_port else []
    kinds = st.one_of(
        *own,
        _COMMANDS.map(lambda command: {"cmd": command}),
        st.just({"http": "https://localhost:8000/", "status": (200, 401), "listener": "any"}),
        st.sampled_from([{"tcp": 80}, {"tcp": "80"}, {"tcp": "db:80"}, {"tcp": "[::1]:80"}]),
        _FORMS["pattern"].map(lambda pattern: {"log": pattern}),
        st.just({"notify": True}),
    )
    none = {name: st.none() for name in ("cmd", "http", "tcp", "log", "notify")}
    rest = _structs(HealthCheck, status=st.just(()), listener=st.just("own"), **none)
    return st.builds(lambda kind, check: replace(check, **kind), kinds, rest)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Return any configuration that is valid; it names env files that are not there."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: port_variable(name)))
    ports = iter(draw(st.lists(st.integers(1, 65535), min_size=8, max_size=8, unique=True)))
    groups = st.lists(st.sampled_from(["backend", "a.b", "5"]).filter(lambda group: group not in names)).map(tuple)
    processes: dict[str, ProcessSpec] = {}
    jobs: dict[str, Job] = {}
    for name in names:
        port = draw(st.sampled_from([None, "auto", next(ports)]) | _structs(ListenFd))
        dependencies = _dependencies(processes, jobs)
        if draw(st.integers(0, 3)) == 0:
            fields = {"port": st.just(port), "groups": groups, "depends_on": dependencies}
            jobs[name] = draw(_structs(Job, **fields))
            continue
        check = st.none() | _health_checks(own_port=port is not None)
        watch = st.none() | _structs(Watch, paths=st.lists(_FORMS["text"], min_size=1, max_size=2).map(tuple))
        fields = {"port": st.just(port), "groups": groups, "depends_on": dependencies, "healthcheck": check}
        processes[name] = draw(_structs(ProcessSpec, watch=watch, **fields))
    own_port = [name for name, process in processes.items() if process.port is not None]
    rest = draw(
        _structs(
            Config,
            folder=st.just(FOLDER),
            file=st.none(),
            digest=st.none(),
            processes=st.just({}),
            jobs=st.just({}),
            api=_structs(Api, port=st.sampled_from([None, 0, next(ports)])),
            proxy=st.none() | _structs(Proxy, http_port=st.just(next(ports)), https_port=st.just(next(ports))),
            services=st.dictionaries(_FORMS["label"], _services(own_port), max_size=3),
        )
    )
    return replace(rest, processes=processes, jobs=jobs)


def _dependencies(processes: dict[str, ProcessSpec], jobs: dict[str, Job]) -> st.SearchStrategy[dict[str, Dependency]]:
    """Return dependencies on some of those that were made before, so that there is no cycle."""
    checked = {name for name, process in processes.items() if process.healthcheck}

    def on(name: str) -> st.SearchStrategy[Dependency]:
        conditions = ["started", "completed", "finished", *(["healthy"] if name in checked else [])]
        plain = _structs(Dependency, condition=st.sampled_from(conditions), log=st.none())
        return plain | _structs(Dependency, condition=st.just("log")).filter(lambda found: found.log is not None)

    return st.fixed_dictionaries({}, optional={name: on(name) for name in (*processes, *jobs)})


def _services(names: list[str]) -> st.SearchStrategy[Service]:
    of_port = st.builds(Service, port=st.integers(1, 65535), host=_FORMS["text"])
    return of_port | st.builds(Service, process=st.sampled_from(names)) if names else of_port
