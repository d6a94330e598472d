"""The proxy of an instance: its URLs, its recorder, and its drain before a stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio
import trio.testing

import prox
from prox.proxy import certificates
from prox.proxy.listeners import ProxyListeners, listen_for
from prox.proxy.service import RENEWAL_CHECK_SECONDS, open_proxy
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = """
processes: {web: {cmd: "exec sleep 1000", autostart: false}}
proxy: {domain: localhost, http_port: 1, CAPTURE}
services: {app: {port: 1}}
"""


def supervisor_of(folder: Path, capture: str = "capture: {enabled: true}") -> Supervisor:
    return Supervisor(prox.parse_config(TEXT.replace("CAPTURE", capture), folder=folder), folder=folder)


def listeners_on_free_ports(supervisor: Supervisor) -> ProxyListeners:
    settings = supervisor.config.proxy
    assert settings
    free = {key: 0 for key in ("http_port", "https_port") if getattr(settings, key)}
    return listen_for(msgspec.structs.replace(settings, **free))


async def test_processes_learn_the_urls(tmp_path: Path) -> None:
    supervisor = supervisor_of(tmp_path)
    with listeners_on_free_ports(supervisor) as listeners:
        service = await open_proxy(supervisor, listeners, tmp_path)
        port = listeners.http[0].getsockname()[1]
        assert service.urls == supervisor.urls == {"app": f"http://app.localhost:{port}"}


async def test_bodies_are_only_counted_without_capture(tmp_path: Path) -> None:
    supervisor = supervisor_of(tmp_path, "capture: {enabled: false}")
    with listeners_on_free_ports(supervisor) as listeners:
        body = (await open_proxy(supervisor, listeners, None)).recorder.body()
        body.feed(b"abc")
        assert (body.size, body.reader()()) == (3, b"")


async def test_it_drains_when_the_supervisor_stops(tmp_path: Path) -> None:
    supervisor = supervisor_of(tmp_path)
    with listeners_on_free_ports(supervisor) as listeners, trio.fail_after(30):
        service = await open_proxy(supervisor, listeners, tmp_path)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run)
            await nursery.start(service.run)
            supervisor.begin()
            stream = await trio.open_tcp_stream(*listeners.http[0].getsockname()[:2])
            supervisor.shutdown()
            await supervisor.wait_stopped()
            async with stream:
                assert await stream.receive_some() == b""


async def test_a_certificate_that_expires_soon_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    monkeypatch.setattr(certificates, "LEAF_DAYS", 29)
    text = TEXT.replace("http_port: 1, CAPTURE", "https_port: 1") + f"certs: {{dir: {tmp_path}/certs}}"
    supervisor = Supervisor(prox.parse_config(text, folder=tmp_path), folder=tmp_path)
    with listeners_on_free_ports(supervisor) as listeners:
        service = await open_proxy(supervisor, listeners, tmp_path)
        file = tmp_path / "certs" / "localhost.pem"
        before = file.read_bytes()
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            async for line in supervisor.follow_logs("system"):
                if "certificate was renewed" in line.text:
                    break
            nursery.cancel_scope.cancel()
        assert trio.current_time() >= RENEWAL_CHECK_SECONDS
        assert file.read_bytes() != before
