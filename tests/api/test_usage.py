"""``GET /usage``: the samples that were taken while somebody followed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Api


async def test_samples_while_somebody_follows(api: Api) -> None:
    assert (await api.get("/usage")) == {"interval_seconds": 2.0, "samples": []}
    async with api.stream("/stream?usage=1") as reader:
        while (event := await reader.event()) and event.name != "usage":
            pass
        assert event
    assert event.data.keys() == {"timestamp", "processes"}
    assert event.data["processes"]["api"]["memory_bytes"] > 0
    assert "worker" not in event.data["processes"]
    found = await api.get("/usage")
    assert found["samples"][0] == event.data
