"""``tcp``: own port, any port of this machine, host and port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from prox.core.health import CheckResult
from prox.runtime.probe.tcp import TcpProbe

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Started
    from prox.runtime.probe import Target


async def check(address: int | str, target: Target) -> CheckResult:
    with trio.fail_after(60):
        return await TcpProbe(address).check(target)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_own_port(serve: Callable[..., Started], host: str) -> None:
    server = serve(hosts=host)
    shown = f"[{host}]" if ":" in host else host
    assert await check(True, server.target) == CheckResult(True, f"connected to {shown}:{server.port}")


async def test_another_port_than_its_own(serve: Callable[..., Started], unused: int) -> None:
    server = serve()
    assert (await check(server.port, server.with_port(unused))).ok
    assert not (await check(True, server.with_port(unused))).ok


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"])
async def test_host_and_port(serve: Callable[..., Started], host: str) -> None:
    server = serve()
    assert (await check(f"{host}:{server.port}", server.target)).ok


async def test_a_host_that_is_not_known(serve: Callable[..., Started]) -> None:
    result = await check("no-such-host.invalid:80", serve().target)
    assert not result.ok
    assert result.output.startswith("unknown host 'no-such-host.invalid': ")


async def test_no_port_of_its_own(start: Callable[..., Started], idle: str) -> None:
    result = await check(True, start(idle).target)
    assert result == CheckResult(False, "it has no port of its own; set processes.api.port")
