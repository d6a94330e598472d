"""``log``: the first line that matches, on either stream, from the very first one on."""

from __future__ import annotations

import trio
import trio.testing

from prox.core.config.model import HealthCheck
from prox.core.health import CheckResult
from prox.core.logs.lines import LineSplitter, Piece
from prox.runtime.probe import Target, run_probe
from prox.runtime.probe.log import LogProbe

TARGET = Target(name="api", instance="i1", pid=1, port=None, env={}, cwd="/")


async def test_no_line_yet() -> None:
    probe = LogProbe("Listening")
    probe.feed(LineSplitter().feed(b"starting\nlistening\nList"))
    assert await probe.check(TARGET) == CheckResult(False, "no line matched 'Listening' yet")


async def test_the_first_line_that_matches_is_shown() -> None:
    probe = LogProbe(r"^Listening on \d+$")
    probe.feed([Piece(b"not Listening on 1\nListening on 8000\r\nListening on 9000\n")])
    assert await probe.check(TARGET) == CheckResult(True, "Listening on 8000")


async def test_a_pattern_sees_one_line_only() -> None:
    probe = LogProbe("(?s)a.b|^$")
    probe.feed([Piece(b"a\nb\n")])
    assert not (await probe.check(TARGET)).ok
    probe.feed([Piece(b"c\n\n")])
    assert (await probe.check(TARGET)).ok


async def test_bytes_that_are_no_text_and_pieces_of_long_lines() -> None:
    probe = LogProbe("caf\ufffd")
    probe.feed([Piece(b"\xff\xfe\x00", partial=True), Piece(b"caf\xe9", partial=True)])
    assert (await probe.check(TARGET)).ok


async def test_it_is_healthy_the_moment_the_line_comes(autojump_clock: trio.testing.MockClock) -> None:
    probe = LogProbe("ready")
    seen: list[tuple[float, str]] = []
    check = HealthCheck(log="ready", start_period=0, interval=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            run_probe, probe, check, TARGET, lambda state: seen.append((trio.current_time(), state.health)), name="p"
        )
        await trio.sleep(3)
        probe.feed([Piece(b"ready\n")])
        await trio.sleep(100)
        probe.feed([Piece(b"ready\n")])
        await trio.sleep(100)
        nursery.cancel_scope.cancel()
    assert seen == [(3, "healthy")]


async def test_a_line_that_came_before_the_loop_began_counts() -> None:
    probe = LogProbe("ready")
    probe.feed([Piece(b"ready\n")])
    health = trio.Event()
    async with trio.open_nursery() as nursery:
        check = HealthCheck(log="ready", start_period=0, interval=1000)
        nursery.start_soon(run_probe, probe, check, TARGET, lambda state: health.set())
        with trio.fail_after(60):
            await health.wait()
        nursery.cancel_scope.cancel()
