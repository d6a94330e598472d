"""Signals to prox, in a program of their own: the first stops everything, the second kills."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, time, trio
from prox.runtime.signals import SAME_REQUEST_SECONDS, StopSignals

class Hub:
    def system(self, text):
        print(text, flush=True)

class Supervisor:
    hub = Hub()
    def shutdown(self):
        print("shutdown", flush=True)
    def kill(self):
        print("kill", flush=True)

async def main(signals):
    async with trio.open_nursery() as nursery:
        await nursery.start(signals.run, Supervisor())
        for number in map(int, sys.argv[2:]):
            if number:
                os.kill(os.getpid(), number)
                await trio.testing.wait_all_tasks_blocked(0.01)
            else:
                await trio.sleep(SAME_REQUEST_SECONDS + 0.05)
        with signals.limit_after_second(0):
            await trio.sleep(0.01)
            print("flushed", flush=True)
        nursery.cancel_scope.cancel()

import trio.testing
if sys.argv[1] == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
signals = StopSignals()
signals.catch()
if sys.argv[1] == "early":
    os.kill(os.getpid(), signal.SIGTERM)
trio.run(main, signals)
os.kill(os.getpid(), signal.SIGINT)
print(signals.first, signals.second)
"""
PAUSE = 0
STOPPING = ["received SIGTERM, stopping; a second signal kills everything", "shutdown"]
INT, TERM, HUP = int(signal.SIGINT), int(signal.SIGTERM), int(signal.SIGHUP)


@pytest.mark.parametrize(
    ("how", "sent", "printed"),
    [
        ("", [INT], ["received SIGINT, stopping; press Ctrl-C again to kill", "shutdown", "flushed", f"{INT} None"]),
        ("", [TERM, TERM], [*STOPPING, "flushed", f"{TERM} None"]),
        (
            "",
            [INT, PAUSE, TERM],
            [
                "received SIGINT, stopping; press Ctrl-C again to kill", "shutdown",
                "SIGTERM again: killing the remaining processes", "kill", f"{INT} {TERM}",
            ],
        ),
        ("nohup", [HUP], ["flushed", "None None"]),
        ("early", [], [*STOPPING, "flushed", f"{TERM} None"]),
    ],
)  # fmt: skip
def test_signals(how: str, sent: list[int], printed: list[str]) -> None:
    """A signal after the end of Trio, which the program sends itself, changes nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how, *map(str, sent)], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (printed, "", 0)
