"""Spawn processes before Trio is imported: the import takes longer than everything before it.

``Process`` takes over an early child as its first run; ``end_unclaimed`` ends those not taken over. If prox fails in
between, the watchdog ends them.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.config.jobs import all_specs
from prox.core.config.model import ListenFd
from prox.core.scheduling import needed
from prox.runtime.environ import process_environment, working_folder
from prox.system.initial_environment import initial_environment
from prox.system.ports import is_taken
from prox.system.spawning import Spawned, SpawnFailed, spawn
from prox.watchdog.marks import KILL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prox.core.config.model import Config, ProcessSpec
    from prox.core.environment import BuiltEnvironment


MIN_DESCRIPTORS, DESCRIPTORS_EACH = 256, 6
"""Descriptors for prox itself, and for each process: two pipes, a pidfd and a log file, with some spare."""


class EarlyChild(Struct, frozen=True):
    """A spawned child and its environment."""

    spawned: Spawned
    environment: BuiltEnvironment


def spawn_early(
    config: Config,
    names: Iterable[str],
    *,
    instance: str,
    ports: Mapping[str, int],
    urls: Mapping[str, str],
    alone: bool,
) -> dict[str, EarlyChild]:
    """Spawn the named processes and those of their dependencies that can start at once; return them by name.

    Spawn nothing if a name is unknown. ``alone``: ignore dependencies.
    """
    specs = all_specs(config)
    graph = {
        name: [] if alone else [other for other in spec.depends_on if other in specs] for name, spec in specs.items()
    }
    wanted = list(names)
    if not specs.keys() >= set(wanted) or not _has_plenty_of_descriptors(len(specs)):
        return {}
    inherited = initial_environment()
    children: dict[str, EarlyChild] = {}
    for name in needed(wanted, graph):
        spec = specs[name]
        if graph[name] or name in config.jobs or not _can_start_early(config, spec):
            continue
        if name in ports and is_taken(ports[name]):
            continue
        built = process_environment(config, name, spec, ports, instance=instance, inherited=inherited, urls=urls)
        folder = working_folder(config.folder, spec.cwd)
        # ``Process`` tries again and reports the error.
        with suppress(SpawnFailed):
            children[name] = EarlyChild(spawn(spec.cmd, cwd=folder, env=built.variables, stdin=spec.stdin), built)
    return children


def _has_plenty_of_descriptors(processes: int) -> bool:
    """Return whether the descriptor limit suffices for this number of processes, imports and the event loop."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit == resource.RLIM_INFINITY or limit >= MIN_DESCRIPTORS + DESCRIPTORS_EACH * processes


def kill_unclaimed(children: Mapping[str, EarlyChild]) -> None:
    """Kill the groups of these children after a failure of prox; wait up to KILL_SECONDS for each leader."""
    for child in children.values():
        with suppress(ProcessLookupError):
            os.killpg(child.spawned.popen.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            child.spawned.popen.wait(KILL_SECONDS)


def _can_start_early(config: Config, spec: ProcessSpec) -> bool:
    """Return whether a start needs neither blocking reads nor the event loop."""
    reads_files = bool(spec.env_file or config.env_file)
    notifies = spec.healthcheck is not None and spec.healthcheck.notify
    return not reads_files and not notifies and not isinstance(spec.port, ListenFd)
