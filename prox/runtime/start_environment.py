"""The environment with which one process starts. Env files are read in a thread, as reading may block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.core.errors import ConfigError, StartFailed
from prox.runtime.environ import process_environment
from prox.system.spawning import check_command
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from prox.core.config.model import ProcessSpec
    from prox.core.environment import BuiltEnvironment
    from prox.runtime.context import InstanceContext

ENV_SECONDS = 8.0
"""Time limit for reading all env files of a process."""
_READERS = trio.CapacityLimiter(20)
"""A separate limit for threads that read env files: threads blocked on a named pipe must not use up Trio's."""


class StartEnvironment:
    """The environments of the next and of the last start of one process."""

    def __init__(self, name: str, context: InstanceContext) -> None:
        self._name = name
        self._context = context
        self._last: dict[str, str] | None = None
        """Variables from prox.yaml and its env files at the last start."""
        self._previewed: dict[str, str] = {}
        self._prepared: tuple[BuiltEnvironment, dict[str, int]] | None = None
        """Variables read for the next start, and the ports at that time."""

    def forget(self) -> None:
        """Discard variables from before a change of the configuration."""
        self._last = self._prepared = None

    async def take(self, spec: ProcessSpec, attempt: int | None) -> BuiltEnvironment:
        """Return the variables for a start: prepared ones if still valid, otherwise read now.

        Raises ConfigError for an invalid env file, StartFailed if reading takes too long.
        """
        prepared, self._prepared = self._prepared, None
        usable = prepared is not None and prepared[1] == self._context.ports
        built = prepared[0] if prepared and usable else await self._read(spec, attempt)
        self._last = built.configured
        return built

    def taken_early(self, built: BuiltEnvironment) -> BuiltEnvironment:
        """Record the variables of an early child."""
        self._last = built.configured
        return built

    async def prepare(self, spec: ProcessSpec, attempt: int | None, cwd: str) -> None:
        """Check that the next start can succeed, and keep the variables for it. Raises StartFailed."""
        ports = dict(self._context.ports)
        try:
            built = await self._read(spec, attempt)
        except ConfigError as error:
            raise StartFailed("; ".join(str(error).splitlines())) from None
        check_command(spec.cmd, cwd=cwd, env=built.variables)
        self._prepared = built, ports

    async def preview(self, spec: ProcessSpec) -> None:
        """Read the variables of a process that was not started yet, for ``configured``."""
        if self._last is None:
            try:
                self._previewed = (await self._read(spec, None)).configured
            except (ConfigError, StartFailed):
                self._previewed = {}

    def configured(self, spec: ProcessSpec) -> dict[str, str]:
        """Return the variables from prox.yaml and its env files, as of the last start or else the last preview."""
        if self._last is None and not self._has_files(spec):
            return self._build(spec, None).configured
        return self._previewed if self._last is None else self._last

    async def _read(self, spec: ProcessSpec, attempt: int | None) -> BuiltEnvironment:
        if not self._has_files(spec):
            return self._build(spec, attempt)
        with trio.move_on_after(ENV_SECONDS):
            return await in_thread(self._build, spec, attempt, abandon_on_cancel=True, limiter=_READERS)
        raise StartFailed(f"its env files could not be read within {ENV_SECONDS:g} s")

    def _build(self, spec: ProcessSpec, attempt: int | None) -> BuiltEnvironment:
        context = self._context
        return process_environment(
            context.config,
            self._name,
            spec,
            context.ports,
            instance=context.instance,
            inherited=context.inherited,
            urls=context.urls,
            attempt=attempt,
        )

    def _has_files(self, spec: ProcessSpec) -> bool:
        return bool(spec.env_file or self._context.config.env_file)
