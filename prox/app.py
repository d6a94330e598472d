"""The tree: what runs, and in which order it stops. Read this first.

::

    run_up, with signals and console, or open_supervisor, inside somebody else's program
    └─ _run_tree
       └─ services nursery                       API: outlives the processes, so that a stop can be watched
          └─ tree nursery
             └─ supervisor.run
                └─ one task per process          runtime.process
                   └─ one nursery per child      pump stdout · pump stderr · probe; body: child.wait()

Stop has one meaning everywhere: a goal that is no longer wanted, or a scope that is cancelled, comes down to
the cancel of a child's scope, which ends its group, drains its pipes and reaps it (``runtime.child``).
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from prox.api.listen import listen
from prox.api.settings import ApiSettings
from prox.attendance import attend, summarize
from prox.core.errors import NotYet, ProxError
from prox.guard.marks import end, left_behind
from prox.instance.folder import InstanceFolder, instance_prefix
from prox.runtime.children import become_subreaper, reap_adopted
from prox.runtime.guarding import Guard
from prox.runtime.inheritance import raise_descriptor_limit, start_clean
from prox.runtime.leftovers import describe
from prox.runtime.lifeline import watch_lifeline
from prox.runtime.signals import Interrupts
from prox.runtime.supervisor import Supervisor
from prox.sinks.console import Console
from prox.sinks.files import LogFiles, log_folder
from prox.threads import in_thread

if TYPE_CHECKING:
    import os
    import socket
    from collections.abc import AsyncIterator, Iterable, Iterator

    from prox.core.config.model import Config

FLUSH_SECONDS, HURRIED_FLUSH_SECONDS = 5.0, 1.0
"""How long the end waits for a terminal or a pipe that takes no more lines; the second, where it was to be at once."""

INSTANCE_FOLDER = ".prox"
LEFT_SOMETHING = 70
"""The exit code where a stop has left something alive, or a port held (``cli.md``)."""


@asynccontextmanager
async def open_supervisor(
    config: Config,
    *,
    names: Iterable[str] | None = None,
    api: bool | None = None,
    proxy: bool | None = None,
    instance_dir: str | os.PathLike[str] | None = None,
) -> AsyncIterator[Supervisor]:
    """Run the processes of a configuration inside the caller's Trio program, in a nursery of its own.

    ``names``: start only these (the others can be started later); None: all. ``api``: serve the HTTP API as the
    configuration says; its address is then ``supervisor.api_url``. ``instance_dir``: a folder for log files;
    None: none are written. No signal handler is installed and nothing is printed.

    Leaving the block, however it is left, stops everything in order; so does cancelling it, and the cancel waits
    until that is done. Raises UnknownProcess, and PortTaken where the API's port is.
    """
    if proxy:
        raise NotYet("the proxy is not in this version yet")
    folder = Path(instance_dir) if instance_dir is not None else None
    supervisor = Supervisor(config, folder=folder)
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(listen(config.api.host, config.api.port)) if api else None
        await stack.enter_async_context(_run_tree(supervisor, names, sock, folder))
        yield supervisor


@asynccontextmanager
async def _run_tree(
    supervisor: Supervisor, names: Iterable[str] | None, sock: socket.socket | None, folder: Path | None
) -> AsyncIterator[None]:
    """Start the processes, serve the API beside them, and stop everything in order at the end of the block."""
    failure: Exception | None = None
    # Where its token cannot be read or made, nothing is started.
    settings = ApiSettings.of(supervisor.config.api, sock) if sock else None
    with _log_files(supervisor, folder):
        async with trio.open_nursery() as services:
            async with trio.open_nursery() as tree:
                tree.start_soon(supervisor.run)
                try:
                    # Somebody may have asked for the end before anything has begun.
                    if supervisor.status != "stopping":
                        supervisor.begin(names)
                        if sock and settings:
                            await services.start(_serve, supervisor, sock, settings)
                            supervisor.api_url = settings.url
                    yield
                except Exception as error:
                    # The caller's own, or a refusal of ours: it is raised as it is, not in a group.
                    failure = error
                supervisor.shutdown()
                await supervisor.wait_stopped()
                tree.cancel_scope.cancel()
            services.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _serve(
    supervisor: Supervisor,
    sock: socket.socket,
    settings: ApiSettings,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the API. Its imports are slow, so the processes start beside them."""
    server = await in_thread(import_module, "prox.api.server")
    await server.serve_api(supervisor, sock, settings=settings, task_status=task_status)


@contextmanager
def _log_files(supervisor: Supervisor, folder: Path | None) -> Iterator[None]:
    """Write every line to the log files, where there are to be any."""
    logs = supervisor.config.logs
    where = log_folder(supervisor.config, folder) if folder is not None else None
    if where is None:
        yield
        return
    files = LogFiles(where, max_size=logs.max_size, keep=logs.keep, report=supervisor.hub.system)
    supervisor.hub.add_sink(files)
    try:
        yield
    finally:
        supervisor.hub.remove_sink(files)
        files.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """What the command line asks of `prox up`. Times in seconds; ``ready_fd`` and ``lifeline`` are descriptors."""

    names: tuple[str, ...] = ()
    api_port: int | None = None
    exit_when_done: bool = False
    raw: bool = False
    color: bool = False
    wait: bool = False
    wait_timeout: float | None = None
    ready_fd: int | None = None
    lifeline: int | None = None


def run_up(config: Config, options: UpOptions) -> int:
    """Run everything until it is asked to end, and return the exit code.

    Raises InstanceRunning, PortTaken, UnknownProcess, with nothing started; and NotReady or TimedOut where
    ``options.wait`` waits for what does not become ready, with everything stopped again.
    """
    interrupts = Interrupts()
    interrupts.catch()
    start_clean()
    raise_descriptor_limit()
    with InstanceFolder(Path(config.folder, INSTANCE_FOLDER)) as folder:
        port = options.api_port if options.api_port is not None else config.api.port
        with listen(config.api.host, port) as sock, Guard(_charge(config, folder)) as guard:
            return trio.run(_up, config, options, folder, sock, interrupts, guard)


def _charge(config: Config, folder: InstanceFolder) -> Iterator[tuple[str, str]]:
    """Yield what the guard has to know."""
    yield "instance", folder.instance
    yield "folder", str(folder.path)
    if folder.listed:
        yield "list", str(folder.listed)
    for name, spec in config.processes.items():
        if spec.stop.leftovers != "kill":
            yield "spare", name


async def _end_what_was_left(supervisor: Supervisor, folder: InstanceFolder) -> None:
    """End what an instance that was killed has left running, where its guard was killed, too."""
    find = partial(left_behind, instance_prefix(folder.path))
    left = find()
    if not left:
        return
    for each in await in_thread(describe, left):
        supervisor.hub.system(f"an earlier prox was killed and has left {each}; ending it")
    for each in describe(await in_thread(end, find)):
        supervisor.hub.system(f"cannot be ended: {each}")


async def _up(
    config: Config,
    options: UpOptions,
    folder: InstanceFolder,
    sock: socket.socket,
    interrupts: Interrupts,
    guard: Guard,
) -> int:
    supervisor = Supervisor(config, folder=folder.path, instance=folder.instance)
    # The server takes the socket over.
    address = sock.getsockname()[:2]
    console = Console(sys.stdout.fileno(), supervisor.names, color=options.color, raw=options.raw)
    supervisor.hub.add_sink(console)
    code, failure = 0, None
    become_subreaper()
    async with trio.open_nursery() as outer:
        await outer.start(interrupts.run, supervisor)
        await outer.start(reap_adopted)
        outer.start_soon(guard.keep, supervisor.hub.system)
        outer.start_soon(console.run)
        if options.lifeline is not None:
            outer.start_soon(watch_lifeline, options.lifeline, supervisor)
        try:
            if folder.unclean:
                await _end_what_was_left(supervisor, folder)
            async with _run_tree(supervisor, options.names or None, sock, folder.path):
                code = await attend(supervisor, options, folder, address)
            summarize(supervisor)
        except ProxError as error:
            failure = error
        with trio.CancelScope(shield=True), interrupts.cut_short():
            await console.flush(FLUSH_SECONDS if interrupts.second is None else HURRIED_FLUSH_SECONDS)
        outer.cancel_scope.cancel()
    if supervisor.left:
        return LEFT_SOMETHING
    if interrupts.second is not None:
        return 128 + interrupts.second
    if failure is not None:
        raise failure
    return code
