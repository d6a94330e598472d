"""Short-lived commands: health checks and ``stop.cmd``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from prox.runtime.child import Child
from prox.runtime.platform import StopPlan
from prox.runtime.streams import pump
from prox.system.spawning import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prox.core.config.model import Command
    from prox.core.lifecycle import Exit
    from prox.core.logs.lines import Piece
    from prox.runtime.platform import Incarnation

DRAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The exit status of a command, and the end of its output (stdout and stderr merged)."""

    exit: Exit
    output: bytes


async def run_command(command: Command, *, cwd: str, env: Mapping[str, str], keep: int = 4096) -> CommandResult:
    """Run a command; return its exit status and the last ``keep`` bytes of its output. Raises SpawnFailed.

    After its exit or a cancel, the rest of its process group is killed. A descendant that holds the pipe open does not
    delay the return.
    """
    child = Child(spawn(command, cwd=cwd, env=env, merge=True))
    child.skip_grace()
    drain = trio.CancelScope(shield=True)
    tail = bytearray()

    def keep_tail(pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            tail.extend(piece.data)
        del tail[:-keep]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump, child.streams[0], drain, keep_tail, trio.lowlevel.checkpoint)
        try:
            exit = await child.wait()
        finally:
            await child.end(StopPlan(_ask_nothing, 0))
            drain.deadline = trio.current_time() + DRAIN_SECONDS
    return CommandResult(exit, bytes(tail))


async def _ask_nothing(child: Incarnation) -> None:
    """Do nothing: there is no grace period."""
