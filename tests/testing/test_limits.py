"""The default timeouts."""

from __future__ import annotations

import inspect

from prox.testing.limits import LINE_SECONDS, READY_SECONDS
from prox.testing.process import ProcessHandle


def test_they_are_the_defaults_of_what_waits() -> None:
    defaults = {
        name: inspect.signature(getattr(ProcessHandle, name)).parameters["timeout"].default
        for name in ("start", "restart", "wait_log")
    }
    assert defaults == {"start": READY_SECONDS, "restart": READY_SECONDS, "wait_log": LINE_SECONDS}
    assert LINE_SECONDS == 30.0  # docs/testing.md
