"""The configuration of a run, made from that of the project."""

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

    What they depend on is not needed for them.
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
    """Return a configuration that can run beside another instance: ports are chosen anew, unless they are fixed."""
    processes = {
        name: msgspec.structs.replace(spec, port="auto") if isinstance(spec.port, int) and not spec.fixed else spec
        for name, spec in config.processes.items()
    }
    proxy = config.proxy
    if proxy is not None:
        ports = {key: 0 for key in ("http_port", "https_port") if getattr(proxy, key) is not None}
        proxy = msgspec.structs.replace(proxy, **ports)
    return msgspec.structs.replace(config, processes=processes, proxy=proxy)


def with_job(config: Config, name: str, job: Job) -> Config:
    """Return a configuration with a further job."""
    return msgspec.structs.replace(config, jobs=config.jobs | {name: job})


def default_dependency(config: Config, name: str) -> Dependency:
    """Return a dependency with the default condition (``configuration.md``)."""
    if name in config.jobs:
        return Dependency(condition="completed")
    return Dependency(condition="healthy" if config.processes[name].healthcheck else "started")


def _with_dependencies(spec: _Spec, names: Collection[str]) -> _Spec:
    """Return a process or job for which a borrowed process need only have started: it is ready."""
    found = {
        name: Dependency(condition="started") if name in names else dependency
        for name, dependency in spec.depends_on.items()
    }
    return msgspec.structs.replace(spec, depends_on=found)
