"""One at a time, in the order in which they ask, and nobody waits for another kind of work."""

from __future__ import annotations

import trio

from prox.net.fairness import fair_lock


async def test_each_in_its_turn() -> None:
    done: list[str] = []

    async def work(name: str, kind: str) -> None:
        async with fair_lock(kind):
            done.append(name)
            await trio.lowlevel.checkpoint()
            done.append(name)

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(work, name, "work")
    assert done[0::2] == done[1::2]
    assert sorted(done) == list("aabbcc")


async def test_nobody_waits_for_other_work() -> None:
    async with fair_lock("some"):
        with trio.fail_after(60):
            async with fair_lock("other"):
                pass
