"""What `prox up` does while everything runs: say what goes on, tell whoever started it, notice the end.

Counterpart of ``app``, whose tree runs beneath it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import trio

from prox._version import __version__
from prox.core.config.later import not_yet
from prox.core.errors import NotReady, TimedOut
from prox.core.health import one_line

if TYPE_CHECKING:
    from prox.app import UpOptions
    from prox.instance.folder import InstanceFolder
    from prox.runtime.supervisor import Supervisor


async def attend(supervisor: Supervisor, options: UpOptions, folder: InstanceFolder, address: tuple[str, int]) -> int:
    """Stay until everything is to stop; return the exit code that this calls for.

    Raises NotReady or TimedOut where ``options.wait`` waits for what does not become ready.
    """
    config = supervisor.config
    if supervisor.status != "stopping":
        _introduce(supervisor, folder)
        folder.write_state(
            host=address[0],
            port=address[1],
            config_file=config.file,
            started_at=supervisor.started_at,
        )
        if options.wait:
            await _wait_ready(supervisor, options)
        _tell(options.ready_fd, {"pid": os.getpid(), "url": supervisor.api_url})
    if options.exit_when_done:
        return await _stay_until_done(supervisor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_say_when_all_have_ended, supervisor)
        await supervisor.wait_shutdown()
        nursery.cancel_scope.cancel()
    return 0


def _introduce(supervisor: Supervisor, folder: InstanceFolder) -> None:
    config, say, count = supervisor.config, supervisor.hub.system, len(supervisor.names)
    processes = "1 process" if count == 1 else f"{count} processes"
    say(f"prox {__version__}: {supervisor.api_url}, {processes}, {config.file or config.folder}")
    for line in not_yet(config):
        say(f"not in this version yet, so it has no effect: {line}")
    if folder.unlisted:
        say(f"`prox list` cannot show this instance: {folder.unlisted}")


async def _wait_ready(supervisor: Supervisor, options: UpOptions) -> None:
    names = options.names or supervisor.autostarted
    timeout = options.wait_timeout if options.wait_timeout is not None else float("inf")
    with trio.move_on_after(timeout) as patience:
        try:
            if names:
                await supervisor.wait_ready(*names)
        except NotReady:
            # Where everything is being stopped on request, nobody waits any longer.
            if supervisor.status != "stopping":
                raise
            return
    if patience.cancelled_caught:
        late = ", ".join(_with_its_check(supervisor, name) for name in names if not supervisor.process(name).ready)
        raise TimedOut(f"not ready after {timeout:g} s: {late}; see `prox logs`, or give it more --wait-timeout")
    supervisor.hub.system("everything is ready")


def _with_its_check(supervisor: Supervisor, name: str) -> str:
    check = supervisor.details(name).healthcheck
    said = one_line(check.last_output) if check else ""
    return f"{name} (its health check says: {said})" if said else name


async def _stay_until_done(supervisor: Supervisor) -> int:
    """Stay until no process runs any longer; return 1 where one failed, and nobody had asked for the end."""
    await supervisor.wait_all_down()
    if supervisor.status == "stopping":
        return 0
    supervisor.shutdown()
    return int(any(process.status == "crashed" for process in supervisor.processes()))


async def _say_when_all_have_ended(supervisor: Supervisor) -> None:
    """Say it once when no process runs any longer."""
    await supervisor.wait_all_down()
    if any(process.started_at or process.reason for process in supervisor.processes()):
        what = "all processes have ended; `prox start NAME` starts one again"
    else:
        what = "no process was started; `prox start NAME` starts one"
    supervisor.hub.system(f"{what}, Ctrl-C or `prox down` ends prox")


def _tell(descriptor: int | None, message: dict[str, object]) -> None:
    """Tell whoever started us in the background; it may be gone."""
    if descriptor is None:
        return
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
        os.close(descriptor)
    except OSError:
        return


def summarize(supervisor: Supervisor) -> None:
    """Name what failed, as the last words."""
    for process in supervisor.processes():
        if process.status == "crashed":
            supervisor.hub.system(f"{process.name} crashed: {process.reason}")
