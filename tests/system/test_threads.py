"""A blocking call runs in a thread, or at once if there is none."""

from __future__ import annotations

import threading

import pytest

from prox.system.threads import in_thread


async def test_it_runs_in_another_thread_with_its_arguments() -> None:
    def where(*args: int) -> tuple[bool, tuple[int, ...]]:
        return threading.current_thread() is threading.main_thread(), args

    assert await in_thread(where, 1, 2) == (False, (1, 2))


async def test_without_threads_it_runs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr("trio._core._thread_cache.start_thread_soon", lambda *args, **_: refuse(None), raising=False)
    monkeypatch.setattr("trio._threads.start_thread_soon", lambda *args, **_: refuse(None), raising=False)
    assert await in_thread(threading.current_thread) is threading.main_thread()


async def test_other_errors_of_the_function_pass() -> None:
    def fail() -> None:
        raise RuntimeError("of the function itself")

    with pytest.raises(RuntimeError, match="of the function itself"):
        await in_thread(fail)
