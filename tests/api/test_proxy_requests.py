"""``/proxy/requests`` and what is below it, where a proxy runs."""

from __future__ import annotations

import base64
import gzip
import json
import time
from functools import partial
from typing import TYPE_CHECKING

import trio

from helpers.exchanges import exchange
from prox.core.logs.lines import Piece

if TYPE_CHECKING:
    from prox.core.exchanges import Exchange
    from prox.proxy.recorder import Recorder


def add(recorder: Recorder, request: bytes = b"", response: bytes = b"", **changes: object) -> Exchange:
    bodies = {"request_body": recorder.body(), "response_body": recorder.body()}
    bodies["request_body"].feed(request)
    bodies["response_body"].feed(response)
    one = exchange(**({"id": recorder.new_id()} | bodies | changes))
    recorder.add(one)
    return one


async def test_the_newest_first(shown) -> None:
    async with shown() as (api, recorder):
        for number in range(5):
            add(recorder, url=f"/{number}", status=200 + 100 * (number % 3), method="POST" if number == 4 else "GET")
        found = await api.get("/proxy/requests?limit=3")
        assert [each["url"] for each in found["requests"]] == ["/4", "/3", "/2"]
        assert (found["filtered_count"], found["total_count"]) == (3, 5)
        for query, urls in (
            ("method=post", ["/4"]),
            ("min_status=300&max_status=399", ["/4", "/1"]),
            ("subdomain=other", []),
            ("since=2h", []),
            ("since=1970-01-01T00:00:00Z", ["/4", "/3", "/2", "/1", "/0"]),
            ("min_status=9999&max_status=9999", []),
        ):
            found = await api.get(f"/proxy/requests?{query}")
            assert [each["url"] for each in found["requests"]] == urls, query
        for query in ("limit=0", "min_status=x", "min_status=99", "since=x"):
            assert (await api.error("GET", f"/proxy/requests?{query}"))[:2] == (400, "INVALID_PARAMETER"), query


async def test_a_record_has_what_the_contract_says(shown) -> None:
    async with shown() as (api, recorder):
        one = add(recorder, b"abc", b"defgh")
        (record,) = (await api.get("/proxy/requests"))["requests"]
        expected = {
            "id": one.id, "timestamp": "1970-01-01T00:16:40.000Z", "method": "GET", "url": "/x?y", "subdomain": "api",
            "status_code": 200, "duration_ms": 12.5, "remote_addr": "127.0.0.1", "state": "done", "scheme": "http",
            "host": "api.localhost:1", "service": "api", "request_bytes": 3, "response_bytes": 5,
        }  # fmt: skip
        assert expected.items() <= record.items()


async def test_one_in_full(shown) -> None:
    async with shown() as (api, recorder):
        fields = [(b"Content-Type", b"text/plain"), (b"Cookie", b"a=b"), (b"X", b"1"), (b"X", b"2")]
        compressed = gzip.compress(b"hello")
        answered = [(b"Content-Encoding", b"gzip"), (b"Content-Type", b"text/plain"), (b"Set-Cookie", b"c=d")]
        one = add(recorder, b"\xff\0", compressed, request_fields=fields, response_fields=answered)
        details = (await api.get(f"/proxy/requests/{one.id}"))["details"]
        assert details["request_headers"] == {"Content-Type": ["text/plain"], "Cookie": ["[REDACTED]"], "X": ["1", "2"]}
        assert details["response_headers"]["Set-Cookie"] == ["[REDACTED]"]
        assert "data" not in details["request_body"]
        details = (await api.get(f"/proxy/requests/{one.id.upper()}?include=body,secrets"))["details"]
        assert details["request_headers"]["Cookie"] == ["a=b"]
        assert details["response_body"] == {
            "size": len(compressed), "truncated": False, "content_type": "text/plain", "is_binary": False,
            "data": "hello",
        }  # fmt: skip
        binary = add(recorder, b"\x89PNG\0", request_fields=[(b"Content-Type", b"image/png")])
        body = (await api.get(f"/proxy/requests/{binary.id}?include=body"))["details"]["request_body"]
        assert (body["is_binary"], base64.b64decode(body["data"])) == (True, b"\x89PNG\0")
        cut = add(recorder, bytes(2000))
        body = (await api.get(f"/proxy/requests/{cut.id}"))["details"]["request_body"]
        assert (body["size"], body["truncated"]) == (2000, True)
        assert (await api.error("GET", "/proxy/requests/zzzzzzz"))[:2] == (404, "REQUEST_NOT_FOUND")
        assert (await api.error("GET", f"/proxy/requests/{one.id}?include=all"))[:2] == (400, "INVALID_PARAMETER")


async def test_the_lines_of_its_process(shown) -> None:
    async with shown() as (api, recorder):
        supervisor = api.supervisor
        await supervisor.wait_ready("api")
        first = supervisor.hub.last_id
        supervisor.hub.publish("api", "stdout", [Piece(b"handling r-42\nsomething else\n")])
        one = add(recorder, process="api", request_id="r-42", first_log_id=first, last_log_id=supervisor.hub.last_id)
        supervisor.hub.publish("api", "stdout", [Piece(b"afterwards\n")])
        lines = (await api.get(f"/proxy/requests/{one.id}"))["details"]["logs"]
        assert [(line["line"], line["exact"]) for line in lines] == [("handling r-42", True), ("something else", False)]
        assert lines[0]["process"] == "api"


async def test_lines_that_are_read_after_the_answer(shown) -> None:
    """A process writes a line and answers; prox may read the answer first."""
    async with shown() as (api, recorder):
        supervisor = api.supervisor
        await supervisor.wait_ready("api")
        ids = {"first_log_id": supervisor.hub.last_id, "last_log_id": supervisor.hub.last_id}
        now = time.time()
        just_ended = add(recorder, process="api", started_at=now, duration=0.01, **ids)
        long_ago = add(recorder, process="api", request_id="r-43", started_at=now - 60, duration=0.01, **ids)
        supervisor.hub.publish("api", "stdout", [Piece(b"access log\n"), Piece(b"r-43 done\n")])
        shown_lines = [
            [line["line"] for line in (await api.get(f"/proxy/requests/{each.id}"))["details"]["logs"]]
            for each in (just_ended, long_ago)
        ]
        # What the process itself says at its start may come between.
        assert [line for line in shown_lines[0] if line != "before"] == ["access log", "r-43 done"]
        assert shown_lines[1] == ["r-43 done"]


async def test_the_stream(shown) -> None:
    async with shown() as (api, recorder), api.stream("/proxy/requests/stream?method=GET") as reader:
        assert await reader.block() == ": prox"
        connected = await reader.event()
        assert connected
        assert (connected.name, connected.data) == ("connected", {})
        for method in ("POST", "GET"):
            recorder.done(add(recorder, method=method, url=f"/{method}"))
        event = await reader.event()
        assert event
        assert (event.name, event.data["url"], event.data["state"]) == ("message", "/GET", "done")


async def test_har(shown) -> None:
    async with shown() as (api, recorder):
        add(recorder, b"abc", b"def", url="/one")
        add(recorder, url="/hanging", active=True)
        add(recorder, url="/two", status=500)
        log = (await api.get("/proxy/requests.har?include=body"))["log"]
        assert [entry["request"]["url"] for entry in log["entries"]] == [
            "http://api.localhost:1/one", "http://api.localhost:1/two"
        ]  # fmt: skip
        assert log["entries"][0]["response"]["content"]["text"] == "def"
        log = (await api.get("/proxy/requests.har?min_status=500"))["log"]
        assert len(log["entries"]) == 1
        assert "text" not in log["entries"][0]["response"]["content"]


async def test_replay(shown) -> None:
    seen: list[bytes] = []

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            data = b""
            while not data.endswith(b"hello"):
                data += await stream.receive_some()
            seen.append(data)
            await stream.send_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")

    async with shown() as (api, recorder), trio.open_nursery() as nursery:
        listener, *_ = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        fields = [(b"Host", b"api.localhost"), (b"X-Own", b"1"), (b"Connection", b"x"), (b"Content-Length", b"5")]
        one = add(recorder, b"hello", method="POST", request_fields=fields)
        answered = await api.ask(
            "POST", f"/proxy/requests/{one.id}/replay", body=json.dumps({"address": f"127.0.0.1:{port}"}).encode()
        )
        made = answered.json()
        assert (made["status_code"], made["replay_of"], made["response_bytes"]) == (201, one.id, 2)
        assert made["id"] != one.id
        assert b"X-Own: 1\r\n" in seen[0]
        assert b"Connection" not in seen[0]
        assert seen[0].count(b"Content-Length: 5") == 1
        found = await api.get(f"/proxy/requests/{made['id']}?include=body")
        assert found["details"]["response_body"]["data"] == "ok"
        # To its own service nobody listens; that is recorded, too.
        answered = await api.ask("POST", f"/proxy/requests/{one.id}/replay")
        assert answered.status == 200
        assert "refused" in answered.json()["error"]
        for body, code in (
            (b'{"service": "nope"}', "REPLAY_FAILED"),
            (b'{"address": "nonsense"}', "INVALID_PARAMETER"),
            (b"[]", "INVALID_PARAMETER"),
        ):
            answered = await api.ask("POST", f"/proxy/requests/{one.id}/replay", body=body)
            assert answered.json()["code"] == code
        cut = add(recorder, bytes(2000), method="POST")
        assert (await api.ask("POST", f"/proxy/requests/{cut.id}/replay")).json()["code"] == "REPLAY_FAILED"
        assert (await api.error("POST", "/proxy/requests/zzzzzzz/replay"))[1] == "REQUEST_NOT_FOUND"
        nursery.cancel_scope.cancel()


async def test_it_is_described(shown) -> None:
    async with shown() as (api, _):
        paths = (await api.get("/openapi.json"))["paths"]
        assert {path for path in paths if "proxy" in path} == {
            "/api/v1/proxy/requests", "/api/v1/proxy/requests/stream", "/api/v1/proxy/requests.har",
            "/api/v1/proxy/requests/{id}", "/api/v1/proxy/requests/{id}/replay",
        }  # fmt: skip
