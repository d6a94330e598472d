"""The errors of prox, grouped by cause: the configuration, the request, the environment.

Each error has a ``code``, its stable name in the HTTP API. ``api`` and ``cli`` map codes to HTTP statuses and exit
codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ProxError(Exception):
    """Base of all expected errors. ``str(error)`` is a message for people."""

    code: ClassVar[str] = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem in a configuration file, with its position (line and column from 1; line 0: the whole file)."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(ProxError):
    """The configuration, or an env file, is invalid; ``problems`` lists every problem."""

    code = "CONFIG_ERROR"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownProcess(ProxError):
    """No process has that name."""

    code = "PROCESS_NOT_FOUND"


class AlreadyRunning(ProxError):
    """A start of a process that is starting or running."""

    code = "PROCESS_ALREADY_RUNNING"


class NotRunning(ProxError):
    """A stop of a process that is not running."""

    code = "PROCESS_NOT_RUNNING"


class NoReset(ProxError):
    """A reset of a process without ``reset``."""

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
    """An awaited process can no longer become ready; the message names the process and the reason."""

    code = "NOT_READY"


class ShuttingDown(ProxError):
    """A start, stop or restart while everything is being stopped."""

    code = "SHUTDOWN_IN_PROGRESS"


class InvalidPattern(ProxError):
    """A regular expression that RE2 does not compile, or a pattern that is too long."""

    code = "INVALID_PATTERN"


class PortTaken(ProxError):
    """A port that prox is configured to listen on is taken; the message names the process that holds it."""

    code = "PORT_TAKEN"


class InstanceRunning(ProxError):
    """An instance is already running in this project."""

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
