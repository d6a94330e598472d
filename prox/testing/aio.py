"""The handles for Trio programs: blocking methods are awaitable, and run in a thread."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from prox.testing.limits import LINE_SECONDS, READY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

__tracebackhide__ = True  # pytest shows the test's own frames only


async def _in_thread(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function in a thread. If the caller is cancelled, the thread continues until its own timeout."""
    return await trio.to_thread.run_sync(partial(function, *args, **options), abandon_on_cancel=True)


class AsyncStackHandle:
    """The processes of a stack by name. ``await stack["api"]`` starts api with its dependencies until it is ready."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getitem__(self, name: str) -> Coroutine[Any, Any, AsyncProcessHandle]:
        return self._get(name)

    async def _get(self, name: str) -> AsyncProcessHandle:
        return AsyncProcessHandle(await _in_thread(self._handle.__getitem__, name))

    async def up(self, *names: str, timeout: float = READY_SECONDS) -> None:  # noqa: ASYNC109
        await _in_thread(self._handle.up, *names, timeout=timeout)

    async def up_all(self) -> None:
        await _in_thread(self._handle.up_all)

    async def reset(self, *names: str) -> None:
        await _in_thread(self._handle.reset, *names)

    async def environment(self) -> dict[str, str]:
        found: dict[str, str] = await _in_thread(self._handle.environment)
        return found


class AsyncProcessHandle:
    """One process or job. Its properties are those of ``ProcessHandle``: each makes one short request to prox."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.name: str = handle.name

    @property
    def port(self) -> int | None:
        found: int | None = self._handle.port
        return found

    @property
    def url(self) -> str | None:
        found: str | None = self._handle.url
        return found

    @property
    def host(self) -> str | None:
        found: str | None = self._handle.host
        return found

    @property
    def pid(self) -> int:
        found: int = self._handle.pid
        return found

    @property
    def status(self) -> str:
        found: str = self._handle.status
        return found

    @property
    def env(self) -> dict[str, str]:
        found: dict[str, str] = self._handle.env
        return found

    @property
    def log_path(self) -> Path:
        found: Path = self._handle.log_path
        return found

    async def logs(self, *, since: float | None = None, tail: int | None = None) -> list[str]:
        found: list[str] = await _in_thread(self._handle.logs, since=since, tail=tail)
        return found

    async def wait_log(self, pattern: str, *, timeout: float = LINE_SECONDS) -> str:  # noqa: ASYNC109 - the thread's
        found: str = await _in_thread(self._handle.wait_log, pattern, timeout=timeout)
        return found

    async def start(self, *, timeout: float = READY_SECONDS) -> None:  # noqa: ASYNC109
        await _in_thread(self._handle.start, timeout=timeout)

    async def restart(self, *, timeout: float = READY_SECONDS) -> None:  # noqa: ASYNC109
        await _in_thread(self._handle.restart, timeout=timeout)

    async def stop(self) -> None:
        await _in_thread(self._handle.stop)

    async def kill(self, number: int = signal.SIGKILL) -> None:
        await _in_thread(self._handle.kill, number)

    async def pause(self) -> None:
        await _in_thread(self._handle.pause)

    async def resume(self) -> None:
        await _in_thread(self._handle.resume)

    async def reset(self) -> None:
        await _in_thread(self._handle.reset)
