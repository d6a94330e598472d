"""Which exit code an expected failure has."""

from __future__ import annotations

import pytest

from prox.cli.exit_codes import exit_code_of
from prox.cli.run import NoJob
from prox.client.errors import ApiError, ConnectionLost
from prox.core.errors import (
    AlreadyRunning,
    ConfigError,
    InstanceRunning,
    InvalidPattern,
    NoInstance,
    NoProxy,
    NotReady,
    NotRunning,
    NotYet,
    PortTaken,
    ProxError,
    ShuttingDown,
    StartFailed,
    TimedOut,
    UnknownProcess,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownProcess("x"), 64),
        (InvalidPattern("x"), 64),
        (NoInstance("x"), 69),
        (NotReady("x"), 69),
        (InstanceRunning("x"), 73),
        (ConfigError(()), 78),
        (TimedOut("x"), 124),
        (ProxError("x"), 125),
        (NotYet("x"), 64),
        (ApiError("x", code="INTERNAL_ERROR", status=500), 125),
        (ApiError("x", code="PROCESS_NOT_FOUND", status=404), 64),
        (ApiError("x", code="UNAUTHORIZED", status=401), 1),
        (AlreadyRunning("x"), 1),
        (NotRunning("x"), 1),
        (StartFailed("x"), 1),
        (ShuttingDown("x"), 1),
        (PortTaken("x"), 1),
        (NoProxy("x"), 64),
        (NoJob("x"), 64),
        (ConnectionLost("x"), 69),
        (ApiError("x", code="INVALID_PARAMETER", status=400), 64),
        (ApiError("x", code="OF_A_LATER_VERSION", status=409), 1),
    ],
)
def test_exit_codes(error: ProxError, code: int) -> None:
    assert exit_code_of(error) == code
