"""The frames of WebSockets in the API and in HTTP Archives."""

from __future__ import annotations

from helpers.exchanges import exchange


async def test_the_frames_of_a_websocket(shown) -> None:
    async with shown() as (api, recorder):
        frames = recorder.frames()
        _, sent = frames.reader("sent", inflates=False)
        _, received = frames.reader("received", inflates=False)
        sent(b"\x81\x02hi")
        received(b"\x02\x01\xff\x80\x00\x88\x05\x03\xe8bye")
        one = exchange(id="aaaaaaa", status=101, is_tunnel=True, frames=frames, frames_sent=1, frames_received=3)
        recorder.add(one)
        details = (await api.get(f"/proxy/requests/{one.id}?include=body"))["details"]
        assert details["frames_dropped"] == 0
        for frame in details["frames"]:
            assert frame.pop("timestamp").endswith("Z")
        common = {"final": True, "truncated": False, "is_binary": False, "close_code": None}
        assert details["frames"] == [
            common | {"direction": "sent", "type": "text", "size": 2, "data": "hi"},
            common | {"direction": "received", "type": "binary", "final": False, "size": 1, "is_binary": True,
                      "data": "/w=="},
            common | {"direction": "received", "type": "continuation", "size": 0, "is_binary": True, "data": ""},
            common | {"direction": "received", "type": "close", "size": 5, "close_code": 1000, "data": "bye"},
        ]  # fmt: skip
        without = (await api.get(f"/proxy/requests/{one.id}"))["details"]["frames"]
        assert [frame["type"] for frame in without] == ["text", "binary", "continuation", "close"]
        assert not any("data" in frame for frame in without)
        other = exchange(id="bbbbbbb")
        recorder.add(other)
        assert "frames" not in (await api.get(f"/proxy/requests/{other.id}"))["details"]
        archive = await api.get("/proxy/requests.har?include=body")
        entry = next(each for each in archive["log"]["entries"] if each["_id"] == one.id)
        messages = [(each["type"], each["opcode"], each["data"]) for each in entry["_webSocketMessages"]]
        # The fragments of a message are joined, and control frames are no messages.
        assert messages == [("send", 1, "hi"), ("receive", 2, "/w==")]
        assert all("_webSocketMessages" not in each for each in archive["log"]["entries"] if each["_id"] != one.id)
