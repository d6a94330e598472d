"""The proxy's listening sockets, bound before anything is started, and its URLs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from prox.net.listening import Role, listen_on_loopback_too

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from prox.core.config.model import Config, Proxy


class ProxyListeners(Struct, frozen=True):
    """Listening sockets for each scheme. As a context manager it closes them at the end."""

    http: tuple[socket.socket, ...]
    https: tuple[socket.socket, ...]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for sock in (*self.http, *self.https):
            sock.close()

    def base_urls(self, host: str) -> list[str]:
        """Return the URLs of a host, that of HTTP first."""
        urls = []
        for scheme, sockets, usual in (("http", self.http, 80), ("https", self.https, 443)):
            if sockets:
                port = sockets[0].getsockname()[1]
                urls.append(f"{scheme}://{host}" + ("" if port == usual else f":{port}"))
        return urls

    def urls(self, config: Config) -> dict[str, str]:
        """Return the URL of each service, by HTTP if that is on."""
        assert config.proxy is not None
        return {name: self.base_urls(f"{name}.{config.proxy.domain}")[0] for name in config.services}


def listen_for(proxy: Proxy) -> ProxyListeners:
    """Bind the proxy's ports. Raises PortTaken and CannotListen, with nothing bound."""
    with ExitStack() as stack:
        bound: dict[str, list[socket.socket]] = {"http_port": [], "https_port": []}
        for key, sockets in bound.items():
            port = getattr(proxy, key)
            if port is not None:
                sockets += listen_on_loopback_too(proxy.host, port, Role("the proxy", "proxy.host", f"proxy.{key}"))
                for sock in sockets:
                    stack.callback(sock.close)
        stack.pop_all()
    return ProxyListeners(tuple(bound["http_port"]), tuple(bound["https_port"]))
