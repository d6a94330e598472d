"""Derive the configuration of a run from that of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from prox.core.config.model import Dependency, Job, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Collection

    from prox.core.config.model import Config

_Spec = TypeVar("_Spec", ProcessSpec, Job)


def with_borrowed(config: Config, names: Collection[str]) -> Config:
    """Return a configuration in which these processes run in another instance, and are ready.

    Their dependencies are not needed.
    """
    processes = {
        name: ProcessSpec(cmd=spec.cmd, description=spec.description, env=spec.env, env_file=spec.env_file)
        if name in names
        else _with_dependencies(spec, names)
        for name, spec in config.processes.items()
    }
    jobs = {name: _with_dependencies(job, names) for name, job in config.jobs.items()}
    return msgspec.structs.replace(config, processes=processes, jobs=jobs)


def isolated(config: Config) -> Config:
    """Return a configuration that can run beside another instance, with free ports except where they are fixed."""
    processes = {
        name: msgspec.structs.replace(spec, port="auto") if isinstance(spec.port, int) and not spec.fixed else spec
        for name, spec in config.processes.items()
    }
    proxy = config.proxy
    if proxy is not None:
        ports = {key: 0 for key in ("http_port", "https_port") if getattr(proxy, key) is not None}
        proxy = msgspec.structs.replace(proxy, **ports)
    return msgspec.structs.replace(config, processes=processes, proxy=proxy)


def reduced(config: Config, names: Collection[str]) -> Config:
    """Return a configuration with only these processes and jobs, without a proxy. Other dependencies count as ready."""
    processes = {name: _among(spec, names) for name, spec in config.processes.items() if name in names}
    jobs = {name: _among(job, names) for name, job in config.jobs.items() if name in names}
    return msgspec.structs.replace(config, processes=processes, jobs=jobs, services={}, proxy=None)


def per_worker_names(config: Config) -> tuple[str, ...]:
    """Return the processes and jobs of which each pytest-xdist worker has its own.

    These are the ones with ``per_worker``, and all that depend on them.
    """
    specs = config.processes | config.jobs
    found = {name for name, spec in specs.items() if spec.per_worker}
    while more := {name for name, spec in specs.items() if name not in found and found & spec.depends_on.keys()}:
        found |= more
    return tuple(name for name in specs if name in found)


def is_per_worker(config: Config, name: str) -> bool:
    """Return whether a process or job, or a dependency of it, has ``per_worker``."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        each = waiting.pop()
        spec = config.processes.get(each) or config.jobs.get(each)
        if spec is not None and each not in seen:
            if spec.per_worker:
                return True
            seen.add(each)
            waiting += spec.depends_on
    return False


def harness_facts(config: Config) -> dict[str, list[str]]:
    """Return the names in a configuration that a test harness needs."""
    return {
        "autostart": [name for name, spec in config.processes.items() if spec.autostart],
        "per_worker": list(per_worker_names(config)),
        "reset": [name for name, spec in config.processes.items() if spec.reset is not None],
    }


def with_job(config: Config, name: str, job: Job) -> Config:
    """Return a configuration with an additional job."""
    return msgspec.structs.replace(config, jobs=config.jobs | {name: job})


def default_dependency(config: Config, name: str) -> Dependency:
    """Return a dependency with the default condition."""
    if name in config.jobs:
        return Dependency(condition="completed")
    return Dependency(condition="healthy" if config.processes[name].healthcheck else "started")


def _among(spec: _Spec, names: Collection[str]) -> _Spec:
    """Return a process or job with only these dependencies."""
    found = {name: dependency for name, dependency in spec.depends_on.items() if name in names}
    return msgspec.structs.replace(spec, depends_on=found)


def _with_dependencies(spec: _Spec, names: Collection[str]) -> _Spec:
    """Return a process or job with condition ``started`` for borrowed processes, which are ready."""
    found = {
        name: Dependency(condition="started") if name in names else dependency
        for name, dependency in spec.depends_on.items()
    }
    return msgspec.structs.replace(spec, depends_on=found)
