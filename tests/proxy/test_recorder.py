"""The ring of exchanges, and its subscribers."""

from __future__ import annotations

import pytest
import trio

from helpers.exchanges import exchange
from prox.core.exchanges import ExchangeFilter
from prox.proxy.recorder import MAX_EXCHANGES, Recorder


def test_the_newest_are_kept_and_ids_are_unique() -> None:
    recorder = Recorder(max_body=100, folder=None)
    ids = []
    for number in range(MAX_EXCHANGES + 50):
        ids.append(recorder.new_id())
        recorder.add(exchange(id=ids[-1], url=f"/{number}", active=False))
    assert len(recorder) == MAX_EXCHANGES
    assert [each.id for each in recorder] == ids[:49:-1]
    assert all(len(each) == 7 and int(each, 16) >= 0 for each in ids)
    assert recorder.get(ids[0]) is None
    assert recorder.get(ids[-1]) is not None


def test_active_exchanges_are_dropped_last() -> None:
    recorder = Recorder(max_body=100, folder=None)
    hanging = exchange(id="aaaaaaa", active=True)
    recorder.add(hanging)
    for _ in range(2 * MAX_EXCHANGES):
        recorder.add(exchange(id=recorder.new_id(), active=False))
    assert recorder.get("aaaaaaa") is hanging


async def test_subscribers_get_completed_exchanges_that_match() -> None:
    recorder = Recorder(max_body=None, folder=None)
    with recorder.subscribe(ExchangeFilter(method="POST")) as subscription:
        for method in ("GET", "POST", "post"):
            recorder.done(exchange(method=method))
        assert [each.method for each in await subscription.receive()] == ["POST", "post"]
        recorder.close()
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()
    recorder.done(exchange(method="POST"))
    with recorder.subscribe(ExchangeFilter()) as late, pytest.raises(trio.EndOfChannel):
        await late.receive()
