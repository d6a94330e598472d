"""The errors of prox, grouped by cause: the configuration, the request, the environment.

Each error carries ``code``, the stable word by which the HTTP API names it (``http-api.md``);
HTTP statuses and exit codes are chosen where they are spoken, in ``api`` and ``cli``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ProxError(Exception):
    """Base of every expected failure. ``str(error)`` is a sentence for a person."""

    code: ClassVar[str] = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a configuration, at its place (line and column count from 1; 0: the file as a whole)."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(ProxError):
    """The configuration, or an env file that it names, cannot be used; ``problems`` holds everything that is wrong."""

    code = "CONFIG_ERROR"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownProcess(ProxError):
    """No process of that name."""

    code = "PROCESS_NOT_FOUND"


class AlreadyRunning(ProxError):
    """A start of a process that is starting or running."""

    code = "PROCESS_ALREADY_RUNNING"


class NotRunning(ProxError):
    """A stop of a process that is not running."""

    code = "PROCESS_NOT_RUNNING"


class NoReset(ProxError):
    """A reset of a process that has none."""

    code = "NO_RESET"


class ResetFailed(ProxError):
    """The reset of a process failed; the message says why."""

    code = "RESET_FAILED"


class StartFailed(ProxError):
    """A process could not be spawned; the message says why."""

    code = "START_FAILED"


class Superseded(ProxError):
    """A start or restart that a later request has overtaken."""

    code = "SUPERSEDED"


class NotReady(ProxError):
    """A process that was waited for can no longer become ready; the message names the culprit and why."""

    code = "NOT_READY"


class ShuttingDown(ProxError):
    """A start, stop or restart while everything is being stopped."""

    code = "SHUTDOWN_IN_PROGRESS"


class InvalidPattern(ProxError):
    """A regular expression that RE2 does not compile, or a pattern that is too long."""

    code = "INVALID_PATTERN"


class PortTaken(ProxError):
    """A port that prox itself is configured to listen on is taken; the message names the process that holds it."""

    code = "PORT_TAKEN"


class InstanceRunning(ProxError):
    """Another instance runs in this project already."""

    code = "INSTANCE_RUNNING"


class NoInstance(ProxError):
    """No instance answers."""

    code = "NO_INSTANCE"


class TimedOut(ProxError):
    """The awaited condition did not hold within the given time."""

    code = "TIMED_OUT"


class NoProxy(ProxError):
    """A port for the proxy was given, but prox.yaml has no proxy."""

    code = "NO_PROXY"


class NotYet(ProxError):
    """The requested feature is planned for a later version."""

    code = "NOT_YET"
