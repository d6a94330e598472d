"""The proxy of one instance: its recorder, certificates and server, drained before processes stop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import trio

from prox.proxy.recorder import Recorder
from prox.system.threads import in_thread

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from prox.core.config.model import Proxy
    from prox.proxy.certificates import Certificate
    from prox.proxy.listeners import ProxyListeners
    from prox.runtime.supervisor import Supervisor

RENEWAL_CHECK_SECONDS = 6 * 3600
CAPTURE_FOLDER = "capture"


async def open_proxy(supervisor: Supervisor, listeners: ProxyListeners, folder: Path | None) -> ProxyService:
    """Prepare the proxy: make certificates, and set the URLs for processes. Raises CertificateFailed.

    ``folder``: the directory for bodies beyond the memory budget; None: they are dropped.
    """
    config = supervisor.config
    settings = config.proxy
    assert settings is not None
    certificate = None
    if listeners.https:
        certificates = await in_thread(import_module, "prox.proxy.certificates")
        certificate = await in_thread(certificates.ensure, config)
        if config.certs.export:
            supervisor.export(certificates.exported(certificate))
    urls = listeners.urls(config)
    supervisor.set_urls(urls)
    capture = settings.capture
    recorder = Recorder(
        max_body=capture.max_body_size if capture.enabled else None,
        folder=folder / CAPTURE_FOLDER if folder else None,
    )
    return ProxyService(supervisor, settings, listeners, recorder, certificate, urls)


class ProxyService:
    """The proxy of one instance. It drains when the supervisor stops, before any process does."""

    def __init__(
        self,
        supervisor: Supervisor,
        settings: Proxy,
        listeners: ProxyListeners,
        recorder: Recorder,
        certificate: Certificate | None,
        urls: dict[str, str],
    ) -> None:
        self.recorder = recorder
        self.urls = urls
        self._supervisor = supervisor
        self._settings = settings
        self._listeners = listeners
        self._certificate = certificate
        self._tls = certificate.context() if certificate else None
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        supervisor.before_stop(self._drain)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled, or until everything stops."""
        server = await in_thread(import_module, "prox.proxy.server")
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    if self._certificate:
                        nursery.start_soon(self._renew)
                    await nursery.start(
                        server.serve_proxy,
                        self._supervisor,
                        self._settings,
                        self.recorder,
                        self._listeners.http,
                        self._listeners.https,
                        self._context if self._tls else None,
                        self.urls,
                    )
                    task_status.started()
        finally:
            self._ended.set()

    def _context(self) -> ssl.SSLContext:
        assert self._tls is not None
        return self._tls

    async def _drain(self) -> None:
        self._scope.cancel()
        await self._ended.wait()

    async def _renew(self) -> None:
        """Renew the certificate before it expires, until cancelled."""
        from prox.proxy.certificates import CertificateFailed, ensure

        while True:
            await trio.sleep(RENEWAL_CHECK_SECONDS)
            if self._certificate is None or not self._certificate.is_due:
                continue
            try:
                self._certificate = await in_thread(ensure, self._supervisor.config)
                self._tls = self._certificate.context()
            except CertificateFailed as failure:
                self._supervisor.hub.system(f"cannot renew the proxy's certificate: {failure}")
            else:
                self._supervisor.hub.system("the proxy's certificate was renewed")
