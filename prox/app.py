"""The task tree of an instance, and the order in which it stops. Read this first.

::

    foreground.run, with signals and console, or open_supervisor, inside a caller's Trio program
    └─ run_tree
       └─ services nursery                       API: outlives the processes, so that clients can watch the stop
          │                                      proxy: drains before the processes stop
          └─ tree nursery
             └─ supervisor.run
                └─ one task per process          runtime.process
                   └─ one nursery per child      output pumps · probe; body: child.wait()

A stop is either a change of the process's goal or a cancel of an enclosing scope. Both cancel the scope of the child,
which ends its process group, drains its pipes and reaps it (``runtime.child``).
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from prox.api.listening import listen
from prox.api.settings import ApiSettings
from prox.proxy.listeners import listen_for
from prox.proxy.service import open_proxy
from prox.runtime.supervisor import Supervisor
from prox.sinks.files import LogFiles, log_folder
from prox.system.threads import in_thread

if TYPE_CHECKING:
    import os
    import socket
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from prox.core.config.model import Config
    from prox.proxy.listeners import ProxyListeners
    from prox.proxy.recorder import Recorder


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

    ``names``: start only these (the others can be started later); None: all. ``api``: serve the HTTP API as
    configured; its address is then ``supervisor.api_url``. ``proxy``: serve the reverse proxy, if it is configured and
    enabled. ``instance_dir``: a folder for log files; None: no log files. Installs no signal handlers and prints
    nothing.

    Leaving the block, by a cancel too, stops everything in order and waits for the end of that. Raises UnknownProcess,
    and PortTaken for a port of the API or the proxy.
    """
    folder = Path(instance_dir) if instance_dir is not None else None
    supervisor = Supervisor(config, folder=folder)
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(listen(config.api.host, config.api.port)) if api else None
        listeners = None
        if proxy and config.proxy is not None and config.proxy.enabled:
            listeners = stack.enter_context(listen_for(config.proxy))
        await stack.enter_async_context(
            run_tree(
                supervisor, partial(supervisor.begin, names), sock, listeners, folder, log_files_of(supervisor, folder)
            )
        )
        yield supervisor


@asynccontextmanager
async def run_tree(
    supervisor: Supervisor,
    begin: Callable[[], None],
    sock: socket.socket | None,
    listeners: ProxyListeners | None,
    folder: Path | None,
    log_files: LogFiles | None,
) -> AsyncIterator[None]:
    """Run the supervisor, API and proxy, and stop everything in order at the end of the block.

    ``begin`` starts the first processes.
    """
    failure: Exception | None = None
    # First, so that nothing starts if the token or a certificate cannot be read or created.
    settings = ApiSettings.of(supervisor.config.api, sock) if sock else None
    proxy = await open_proxy(supervisor, listeners, folder) if listeners else None
    with _log_sink(log_files, supervisor):
        async with trio.open_nursery() as services:
            async with trio.open_nursery() as tree:
                tree.start_soon(supervisor.run)
                try:
                    # A shutdown may have been requested before the start.
                    if supervisor.status != "stopping":
                        begin()
                        if proxy:
                            await services.start(proxy.run)
                        if sock and settings:
                            await services.start(_serve, supervisor, sock, settings, proxy.recorder if proxy else None)
                            supervisor.api_url = settings.url
                    yield
                except Exception as error:
                    # Raised below, outside of the nurseries, so that it is not wrapped in a group.
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
    recorder: Recorder | None,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the API; import it at the first connection, as that takes longer than the start of most processes."""
    if settings.exposed:
        where = f"{settings.host}, port {settings.port}"
        supervisor.hub.system(
            f"warning: api.auth is false: anyone who can connect to {where} can control these processes"
        )
    task_status.started()
    # Until the server accepts it, the connection waits in the backlog.
    await trio.lowlevel.wait_readable(sock)
    server = await in_thread(import_module, "prox.api.server")
    await server.serve_api(supervisor, sock, recorder, settings=settings)


def log_files_of(supervisor: Supervisor, folder: Path | None) -> LogFiles | None:
    """Return the sink for the log files of an instance, None if it has none."""
    logs = supervisor.config.logs
    where = log_folder(supervisor.config, folder) if folder is not None else None
    if where is None:
        return None
    return LogFiles(
        where,
        max_size=logs.max_size,
        keep=logs.keep,
        report=supervisor.hub.system,
        root=Path(supervisor.config.folder),
    )


@contextmanager
def _log_sink(files: LogFiles | None, supervisor: Supervisor) -> Iterator[None]:
    """Write every line to the log files during the block."""
    if files is None:
        yield
        return
    supervisor.hub.add_sink(files)
    supervisor.log_folder = files.folder
    try:
        yield
    finally:
        supervisor.hub.remove_sink(files)
        files.close()
