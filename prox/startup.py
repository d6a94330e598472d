"""`prox up` before its event loop: take the lock, open the sockets, start the watchdog and the first processes.

Must not import Trio: ``foreground``, which does, is imported afterwards, while the processes start.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from prox.api.listening import listen
from prox.api.settings import ApiSettings
from prox.core.config.jobs import all_specs
from prox.core.errors import NoProxy
from prox.instance.folder import FOLDER, InstanceFolder
from prox.instance.private_settings import PrivateSettings, read_private_settings
from prox.instance.runs import killed_runs
from prox.private_instance import private_config
from prox.proxy.listeners import listen_for
from prox.runtime.early_start import kill_unclaimed, spawn_early
from prox.runtime.port_claim import assign_ports
from prox.runtime.signals import StopSignals
from prox.runtime.watchdog import Watchdog, watch_list
from prox.system.children import become_subreaper
from prox.system.spawn_limits import raise_descriptor_limit, reset_inherited_signals

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from prox.core.config.model import Config, Proxy
    from prox.proxy.listeners import ProxyListeners
    from prox.runtime.early_start import EarlyChild


class UpOptions(Struct, frozen=True, kw_only=True):
    """The command-line options of `prox up`. Times are in seconds; ``ready_fd`` and ``lifeline`` are descriptors."""

    names: tuple[str, ...] = ()
    no_deps: bool = False
    private: Path | None = None
    """The folder of a private instance: it uses free ports, and starts processes only on request."""
    watch: bool = True
    timings: bool = False
    keep: bool = False
    api_port: int | None = None
    http_port: int | None = None
    https_port: int | None = None
    no_proxy: bool = False
    exit_when_done: bool = False
    raw: bool = False
    color: bool = False
    wait: bool = False
    wait_timeout: float | None = None
    ready_fd: int | None = None
    lifeline: int | None = None


class OpenInstance(Struct, frozen=True, kw_only=True):
    """The resources that an instance holds when its event loop begins."""

    config: Config
    folder: InstanceFolder
    sock: socket.socket
    """The listening socket of the API."""
    listeners: ProxyListeners | None
    stop_signals: StopSignals
    watchdog: Watchdog
    ports: Mapping[str, int]
    urls: Mapping[str, str]
    """The URLs of services of other instances; the proxy sets those of its own services."""
    early: dict[str, EarlyChild]


@contextmanager
def open_instance(config: Config, options: UpOptions) -> Iterator[OpenInstance]:
    """Open an instance for ``foreground.run``, and close it at the end of the block.

    Raises InstanceRunning, PortTaken, CannotListen, NoProxy, before anything is started.
    """
    stop_signals = StopSignals()
    stop_signals.catch()
    reset_inherited_signals()
    raise_descriptor_limit()
    with ExitStack() as stack:
        folder = stack.enter_context(_open_folder(config, options))
        settings = read_private_settings(options.private) if options.private else PrivateSettings()
        if options.private:
            config = private_config(config, settings)
        port = options.api_port if options.api_port is not None else config.api.port
        sock = stack.enter_context(listen(config.api.host, port))
        proxy = proxy_of(config, options)
        config = msgspec.structs.replace(config, proxy=proxy or config.proxy)
        listeners = stack.enter_context(listen_for(proxy)) if proxy else None
        watchdog = stack.enter_context(Watchdog(watch_list(config, folder)))
        become_subreaper()
        ports = {**settings.ports, **assign_ports(all_specs(config), taken=settings.ports.values())}
        early = _spawn_first(config, options, folder, sock, listeners, ports)
        stack.callback(kill_unclaimed, early)
        yield OpenInstance(
            config=config,
            folder=folder,
            sock=sock,
            listeners=listeners,
            stop_signals=stop_signals,
            watchdog=watchdog,
            ports=ports,
            urls=settings.urls,
            early=early,
        )


def _open_folder(config: Config, options: UpOptions) -> InstanceFolder:
    if options.private:
        return InstanceFolder(options.private, listed=False)
    return InstanceFolder(Path(config.folder, FOLDER))


def _spawn_first(
    config: Config,
    options: UpOptions,
    folder: InstanceFolder,
    sock: socket.socket,
    listeners: ProxyListeners | None,
    ports: Mapping[str, int],
) -> dict[str, EarlyChild]:
    """Spawn the processes without dependencies, unless other work must precede the first start."""
    if options.private or folder.unclean or killed_runs(folder.path) or (listeners and listeners.https):
        return {}
    # First, so that nothing starts if the token cannot be read or created.
    ApiSettings.of(config.api, sock)
    names = options.names or [name for name, spec in all_specs(config).items() if spec.autostart]
    urls = listeners.urls(config) if listeners else {}
    return spawn_early(config, names, instance=folder.instance, ports=ports, urls=urls, alone=options.no_deps)


def proxy_of(config: Config, options: UpOptions) -> Proxy | None:
    """Return the proxy with options applied, None if it is off. Raises NoProxy for a port option without a proxy."""
    ports = {"http_port": options.http_port, "https_port": options.https_port}
    chosen = {key: port for key, port in ports.items() if port is not None}
    if config.proxy is None:
        if chosen:
            key = next(iter(chosen)).replace("_", "-")
            raise NoProxy(f"--{key} needs a proxy: set proxy.domain in prox.yaml")
        return None
    if options.no_proxy:
        return None
    proxy = msgspec.structs.replace(config.proxy, **chosen, enabled=config.proxy.enabled or bool(chosen))
    return proxy if proxy.enabled else None
