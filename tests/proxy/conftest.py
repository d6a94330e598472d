"""A running proxy in front of an upstream that a test writes (helpers/upstream.py)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

import prox
from helpers.upstream import Proxied, Upstream, echo
from prox.proxy.listeners import listen_for
from prox.proxy.service import open_proxy
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECONDS = 60


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[object]:
    """``async with proxied(handler, services=…, settings=…, processes=…) as proxy``."""

    @asynccontextmanager
    async def start(
        handler: Any = echo, *, services: str = "", settings: str = "", processes: str = "idle: exec sleep 1000"
    ) -> AsyncIterator[Proxied]:
        upstream = Upstream(handler)
        with trio.fail_after(SECONDS):
            async with trio.open_nursery() as nursery:
                await nursery.start(upstream.serve)
                text = (
                    f"processes:\n  {processes}\nproxy: {{domain: localhost, http_port: 1{settings}}}\n"
                    f"services:\n  up: {{host: 127.0.0.1, port: {upstream.port}}}\n{services}"
                )
                config = prox.parse_config(text, folder=tmp_path)
                assert config.proxy is not None
                ports = {"http_port": 0} | ({"https_port": 0} if config.proxy.https_port else {})
                config = msgspec.structs.replace(config, proxy=msgspec.structs.replace(config.proxy, **ports))
                supervisor = Supervisor(config, folder=tmp_path)
                assert config.proxy is not None
                with listen_for(config.proxy) as listeners:
                    port = listeners.http[0].getsockname()[1]
                    https_port = listeners.https[0].getsockname()[1] if listeners.https else 0
                    service = await open_proxy(supervisor, listeners, tmp_path)
                    async with trio.open_nursery() as tree:
                        tree.start_soon(supervisor.run)
                        await tree.start(service.run)
                        proxied = Proxied(supervisor, port, service.recorder, upstream)
                        proxied.https_port, proxied.folder = https_port, tmp_path
                        yield proxied
                        supervisor.shutdown()
                        await supervisor.wait_stopped()
                nursery.cancel_scope.cancel()

    return start
