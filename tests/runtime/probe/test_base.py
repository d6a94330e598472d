"""The interface of a probe, and what one does that overrides nothing but the check."""

from __future__ import annotations

import dataclasses

import pytest
import trio
import trio.testing

from prox.core.health import CheckResult
from prox.runtime.probe.base import Probe, Target

TARGET = Target(name="api", instance="i", pid=1, port=None, env={}, cwd="/")


class Passing(Probe):
    async def check(self, target: Target) -> CheckResult:
        return CheckResult(True, target.name)


async def test_a_probe_needs_nothing_but_a_check(autojump_clock: trio.testing.MockClock) -> None:
    probe = Passing()
    assert await probe.check(TARGET) == CheckResult(True, "api")
    assert (dict(probe.env), probe.self_reporting) == ({}, False)
    probe.feed([])
    probe.close()
    with trio.move_on_after(1000) as scope:
        await probe.wait_notified()
    assert scope.cancelled_caught


def test_the_check_is_required_and_variables_cannot_be_changed_for_all() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Probe()  # type: ignore[abstract]
    with pytest.raises(TypeError):
        Probe.env["A"] = "1"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        TARGET.pid = 2  # type: ignore[misc]
