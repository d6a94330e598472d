"""Check constraints across prox.yaml: names, dependencies, ports. ``rules`` checks those within a section.

Errors that only follow from a value that could not be read are not reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.config.document import Mapping, Place, Sequence, path_of
from prox.core.environment import port_variable
from prox.core.errors import Problem
from prox.core.graph import cycles
from prox.core.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.document import Node
    from prox.core.config.model import Config, Job, ProcessSpec


def check_config(config: Config, document: Mapping, unread: set[str]) -> list[Problem]:
    """Return the problems of a configuration. ``unread``: the paths of values that could not be read."""
    check = _Check(config, document, unread)
    check.something_to_run()
    check.names()
    check.dependencies()
    check.cycles()
    check.services()
    check.ports()
    check.health_checks()
    return check.problems


class _Check:
    def __init__(self, config: Config, document: Mapping, unread: set[str]) -> None:
        self.problems: list[Problem] = []
        self._config = config
        self._document = document
        self._unread = unread
        self._all: dict[str, tuple[str, ProcessSpec | Job]] = {
            name: (section, spec) for section, specs in _sections(config) for name, spec in specs.items()
        }

    def _report(self, path: tuple[str, ...], message: str, *, item: str | None = None) -> None:
        """Add a problem at the value with this path, or at the nearest existing one.

        ``item``: an item of the list at the path.
        """
        place = place_of(self._document, path if item is None else (*path, item))
        self.problems.append(Problem(place.file, place.line, place.column, path_of(*path), message))

    def _was_read(self, *path: str) -> bool:
        """Return whether the value at the path, and everything above it, could be read."""
        text = path_of(*path)
        above = {path_of(*path[:length]) for length in range(1, len(path) + 1)}
        return not any(each in above or each.startswith((f"{text}.", f"{text}[")) for each in self._unread)

    def something_to_run(self) -> None:
        if not self._all and self._was_read("processes") and self._was_read("jobs"):
            self._report(("processes",), "there must be at least one process or job")

    def names(self) -> None:
        """Processes, jobs and groups share one name space."""
        for name in self._config.jobs:
            if name in self._config.processes:
                self._report(("jobs", name), f"duplicate name: {name!r} is also a process")
        for name, (section, spec) in self._all.items():
            for group in spec.groups:
                if group in self._all:
                    kind = "process" if group in self._config.processes else "job"
                    self._report((section, name, "groups"), f"{group!r} is the name of a {kind}", item=group)

    def dependencies(self) -> None:
        for name, (section, spec) in self._all.items():
            for other, dependency in spec.depends_on.items():
                path = (section, name, "depends_on", other)
                if other not in self._all:
                    if self._was_read("processes", other) and self._was_read("jobs", other):
                        hint = did_you_mean(other, self._all)
                        self._report(path, f"no process or job named {other!r}{hint}")
                elif dependency.condition == "healthy" and not self._has_check(other):
                    self._report(path, f"{other} has no healthcheck, so it cannot become healthy")

    def _has_check(self, name: str) -> bool:
        process = self._config.processes.get(name)
        unread = not self._was_read("processes", name, "healthcheck")
        return unread or (process is not None and process.healthcheck is not None)

    def cycles(self) -> None:
        edges = {name: list(spec.depends_on) for name, (_, spec) in self._all.items()}
        for cycle in cycles(edges):
            first, second = cycle[0], cycle[1 % len(cycle)]
            chain = " → ".join([*cycle, first])
            self._report((self._all[first][0], first, "depends_on", second), f"dependency cycle: {chain}")

    def services(self) -> None:
        for name, service in self._config.services.items():
            if service.process is None:
                continue
            process = self._config.processes.get(service.process)
            path = ("services", name, "process")
            if process is None:
                if self._was_read("processes", service.process):
                    hint = did_you_mean(service.process, self._config.processes)
                    self._report(path, f"no process named {service.process!r}{hint}")
            elif process.port is None and self._was_read("processes", service.process, "port"):
                self._report(path, f"{service.process} has no port; set processes.{service.process}.port")

    def ports(self) -> None:
        """Ports, and the variables named after them, must be distinct."""
        seen: dict[int, tuple[str, ...]] = {}
        for path, port in sorted(self._fixed_ports(), key=self._order):
            if port in seen:
                self._report(path, f"port {port} is already used by {path_of(*seen[port])}")
            seen.setdefault(port, path)
        variables: dict[str, str] = {}
        for name, (section, spec) in self._all.items():
            if spec.port is None:
                continue
            variable = port_variable(name)
            if variable in variables:
                self._report(
                    (section, name, "port"),
                    f"{variable} would name this port and that of {variables[variable]}; rename one of the processes",
                )
            variables.setdefault(variable, name)

    def _fixed_ports(self) -> Iterator[tuple[tuple[str, ...], int]]:
        if self._config.api.port:
            yield ("api", "port"), self._config.api.port
        for name, (section, spec) in self._all.items():
            if isinstance(spec.port, int):
                yield (section, name, "port"), spec.port
        proxy = self._config.proxy
        for key in ("http_port", "https_port"):
            port = getattr(proxy, key, None)
            if port is not None:
                yield ("proxy", key), port

    def _order(self, found: tuple[tuple[str, ...], int]) -> tuple[bool, int, int]:
        """Return a sort key by position; overrides come last."""
        place = place_of(self._document, found[0])
        return place.file != self._document.place.file, place.line, place.column

    def health_checks(self) -> None:
        """A health check of the process's own port requires ``port``."""
        for name, process in self._config.processes.items():
            check = process.healthcheck
            if check is None or process.port is not None or not self._was_read("processes", name, "port"):
                continue
            for key, own in (("http", (check.http or "").startswith("/")), ("tcp", check.tcp is True)):
                if own:
                    message = f"checks the process's own port, but it has none; set processes.{name}.port"
                    self._report(("processes", name, "healthcheck", key), message)


def _sections(config: Config) -> Iterator[tuple[str, dict[str, ProcessSpec] | dict[str, Job]]]:
    yield "processes", config.processes
    yield "jobs", config.jobs


def place_of(document: Mapping, path: tuple[str, ...]) -> Place:
    """Return the position of the value at a path of keys, or of the nearest existing one."""
    node: Node = document
    place = document.place
    for key in path:
        if isinstance(node, Mapping) and key in node.entries:
            entry = node.entries[key]
            node, place = entry.value, entry.place if isinstance(entry.value, Mapping) else entry.value.place
        elif isinstance(node, Sequence):
            # Items of a list are identified by their text.
            items = [item for item in node.items if getattr(item, "text", None) == key]
            node, place = (items[0], items[0].place) if items else (node, place)
        else:
            break
    return place
