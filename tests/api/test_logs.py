"""``GET /logs``: which of the lines in memory come back."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import trio
import trio.testing

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Serve

MIB = 1024 * 1024


def texts(found: dict[str, Any]) -> list[str]:
    assert found.keys() == {"logs", "filtered_count", "total_count"}
    assert found["filtered_count"] == len(found["logs"])
    return [line["line"] for line in found["logs"]]


async def test_a_line(api: Api) -> None:
    found = await api.get("/logs")
    assert (found["filtered_count"], found["total_count"]) == (2, 2)
    one, two = sorted(found["logs"], key=lambda line: line["line"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one.pop("timestamp"))
    assert re.fullmatch(r"[1-9]\d{15,}", one.pop("id"))
    assert one == {"process": "api", "stream": "stdout", "line": "one", "level": None}
    assert two["stream"] == "stderr"


async def test_head(api: Api) -> None:
    answer = await api.ask("HEAD", "/logs?process=api")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", "application/json")


async def test_limits(serve: Serve) -> None:
    async with serve("logs: {buffer_lines: 20000}\nprocesses: {api: seq 1 12000}") as api:
        await api.line("api", "12000")
        usual = await api.get("/logs?process=api")
        assert texts(usual) == [str(n) for n in range(11901, 12001)]
        assert usual["total_count"] == 12000
        assert texts(await api.get("/logs?process=api&lines=3")) == ["11998", "11999", "12000"]
        # Above the maximum counts as the maximum.
        for many in ("10000", "10001", "9" * 30):
            found = await api.get(f"/logs?process=api&lines={many}")
            assert (found["filtered_count"], found["total_count"]) == (10000, 12000)
        # Bytes of text, whichever is hit first; a line that does not fit as a whole is not there.
        assert texts(await api.get("/logs?process=api&bytes=10")) == ["11999", "12000"]
        assert texts(await api.get("/logs?process=api&bytes=14")) == ["11999", "12000"]
        assert texts(await api.get("/logs?process=api&bytes=4")) == []
        assert texts(await api.get("/logs?process=api&bytes=10&lines=1")) == ["12000"]
        few = await api.get("/logs?process=api&bytes=5&lines=10")
        assert (texts(few), few["filtered_count"], few["total_count"]) == (["12000"], 1, 12000)
        assert (await api.get(f"/logs?process=api&bytes={10**40}&lines=200"))["filtered_count"] == 200


async def test_bytes_are_those_of_utf8(serve: Serve) -> None:
    async with serve("processes: {api: 'echo aé; echo éé'}") as api:
        await api.line("api", "éé")
        assert texts(await api.get("/logs?process=api&bytes=6")) == ["éé"]
        assert texts(await api.get("/logs?process=api&bytes=7")) == ["aé", "éé"]


async def test_patterns(serve: Serve) -> None:
    async with serve("processes: {api: 'echo a.c; echo abc; echo ABC; echo é; echo end'}") as api:
        await api.line("api", "end")

        async def matching(pattern: str, **more: str) -> list[str]:
            return texts(await api.get("/logs?" + urlencode({"process": "api", "pattern": pattern, **more})))

        assert await matching("") == ["a.c", "abc", "ABC", "é", "end"]
        assert await matching("a.c") == ["a.c"]
        assert await matching("a.c", regex="false") == ["a.c"]
        assert await matching("a.c", regex="true") == ["a.c", "abc"]
        assert await matching("^(?i)abc$", regex="1") == ["abc", "ABC"]
        assert await matching("^.$", regex="true") == ["é"]
        assert await matching("é") == ["é"]
        assert await matching("(", regex="false") == []
        found = await api.get("/logs?pattern=b&lines=1&process=api")
        assert (found["filtered_count"], found["total_count"]) == (1, 1)


async def test_a_pattern_that_is_none(api: Api) -> None:
    for pattern, regex, message in (
        ("(", "true", "the pattern '(' is not a regular expression (RE2): missing ): ("),
        ("a(?=b)", "true", "the pattern 'a(?=b)' is not a regular expression (RE2): "),
        (r"(a)\1", "true", r"the pattern '(a)\\1' is not a regular expression (RE2): "),
        ("((((a{100}){100}){100}){100})", "true", "is not a regular expression (RE2): "),
        ("x" * 257, "true", "the pattern is 257 characters long; the maximum is 256"),
        ("é" * 257, "false", "the pattern is 257 characters long; the maximum is 256"),
    ):
        for path in ("/logs", "/logs/stream"):
            status, code, text = await api.error("GET", f"{path}?pattern={quote(pattern)}&regex={regex}")
            assert (status, code) == (400, "INVALID_PATTERN")
            assert message in text


async def test_the_longest_pattern(api: Api) -> None:
    assert texts(await api.get("/logs?pattern=" + quote("é" * 256))) == []
    assert texts(await api.get("/logs?regex=true&pattern=" + "o?" * 128)) != []


async def test_which_processes(serve: Serve) -> None:
    async with serve("processes: {a: echo 1, b: echo 2, c: echo 3, d: {cmd: [nope]}}") as api:
        for name, text in (("a", "1"), ("b", "2"), ("c", "3")):
            await api.line(name, text)
        await api.supervisor.wait_status("d", "crashed")
        assert texts(await api.get("/logs?process=a")) == ["1"]
        assert sorted(texts(await api.get("/logs?process=a,c"))) == ["1", "3"]
        assert sorted(texts(await api.get("/logs?process=a%2C%20c"))) == ["1", "3"]
        (own,) = (await api.get("/logs?process=system&pattern=nope"))["logs"]
        assert (own["process"], own["stream"]) == ("system", "stdout")
        assert "'nope' not found" in own["line"]
        everything = await api.get("/logs?process=")
        assert {line["process"] for line in everything["logs"]} == {"a", "b", "c", "system"}
        stamps = [line["timestamp"] for line in everything["logs"]]
        assert stamps == sorted(stamps)
        for wrong in ("e", "a,e", "A", "a,,e", "%00"):
            for path in ("/logs", "/logs/stream"):
                assert (await api.error("GET", f"{path}?process={wrong}"))[:2] == (404, "PROCESS_NOT_FOUND")
        assert (await api.error("GET", "/logs?process=a,nobody"))[2] == "no process or group named 'nobody'"


async def test_one_stream(api: Api) -> None:
    assert texts(await api.get("/logs?stream=stdout")) == ["one"]
    assert texts(await api.get("/logs?stream=stderr")) == ["two"]
    assert (await api.get("/logs?stream="))["total_count"] == 2


async def test_when(serve: Serve, tmp_path: Path) -> None:
    text = "processes: {api: 'echo one; until test -e go; do sleep 0.01; done; echo two; exec sleep 1000'}"
    async with serve(text) as api:
        await api.line("api", "one")
        stamp = (await api.get("/logs"))["logs"][0]["timestamp"]
        (tmp_path / "go").touch()
        await api.line("api", "two")

        async def found(query: str) -> list[str]:
            return texts(await api.get(f"/logs?{query}"))

        # From there on; up to there, and not there.
        assert await found(f"since={stamp}") == ["one", "two"]
        assert await found(f"until={stamp}") == []
        second = (await api.get("/logs"))["logs"][1]["timestamp"]
        assert await found(f"since={second}") == ["two"]
        assert await found(f"until={second}") == ["one"]
        assert await found(f"since={stamp}&until={second}") == ["one"]
        assert await found("since=1h") == ["one", "two"]
        assert await found("until=1h") == []
        assert await found("since=0") == []
        assert await found("until=0s") == ["one", "two"]
        assert await found("since=2000-01-01T00:00:00%2B02:00") == ["one", "two"]
        assert await found("since=2999-01-01T00:00:00.000Z") == []
        assert await found("since=&until=") == ["one", "two"]


async def test_what_is_not_utf8_and_what_ends_no_line(serve: Serve) -> None:
    async with serve(r"processes: {api: 'printf ''a\377b\r\n\033[31mred\033[0m\n\0\nlast'''}") as api:
        await api.line("api", "last")
        assert texts(await api.get("/logs?process=api")) == [
            "a\N{REPLACEMENT CHARACTER}b",
            "\x1b[31mred\x1b[0m",
            "\0",
            "last",
        ]


async def test_a_line_of_more_than_a_mebibyte(serve: Serve) -> None:
    text = f"""
logs: {{buffer_bytes: 8MB}}
processes:
  api: "head -c {2 * MIB + 3} /dev/zero | tr '\\\\0' x; echo; echo end"
"""
    async with serve(text) as api:
        await api.line("api", "end")
        records = (await api.get("/logs?process=api"))["logs"]
        assert [record.get("partial") for record in records] == [True, True, None, None]
        assert "".join(record["line"] for record in records[:-1]) == "x" * (2 * MIB + 3)


async def test_a_slow_pattern_holds_up_nobody_else(serve: Serve) -> None:
    """RE2 takes linear time, and for some patterns that is seconds for each megabyte."""
    program = "import random; r = random.Random(1); [print(''.join(r.choices('ab', k=2000))) for _ in range(100)]"
    config = f"processes: {{api: [{sys.executable}, -c, {program + '; print(0)'!r}]}}"
    async with serve(config) as api, trio.open_nursery() as nursery:
        await api.line("api", "0")
        found: list[int] = []

        async def search() -> None:
            answer = await api.get("/logs?" + urlencode({"regex": "true", "pattern": "a.{100}!b"}))
            found.append(answer["total_count"])

        nursery.start_soon(search)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(5):
            assert (await api.get("/status"))["status"] == "running"
        assert found == []
        # It is not waited for, either, when its client leaves: nobody has to.
        nursery.cancel_scope.cancel()


async def test_levels(serve: Serve) -> None:
    lines = ["plain", "ERROR: bad", "[warn] low", '{"level":30,"msg":"x"}', "level=debug msg=x", "end"]
    text = "processes: " + json.dumps({"api": {"cmd": ["printf", "%s\\n", *lines]}})
    async with serve(text) as api:
        await api.line("api", "end")

        async def matching(**query: str) -> list[str]:
            return texts(await api.get("/logs?" + urlencode({"process": "api", **query})))

        found = await api.get("/logs?process=api")
        assert [line["level"] for line in found["logs"]] == [None, "error", "warn", "info", "debug", None]
        assert await matching(level="error") == ["ERROR: bad"]
        assert await matching(level="debug,WARN,") == ["[warn] low", "level=debug msg=x"]
        assert await matching(level="") == lines
        assert await matching(level="info", pattern="msg") == ['{"level":30,"msg":"x"}']
        status, code, message = await api.error("GET", "/logs?level=error,loud")
        assert (status, code) == (400, "INVALID_PARAMETER")
        assert "'loud'" in message


async def test_the_id_is_that_of_the_stream(api: Api) -> None:
    found = await api.get("/logs?process=api")
    ids = [line["id"] for line in found["logs"]]
    async with api.stream("/logs/stream?process=api", {"Last-Event-ID": str(int(ids[0]) - 1)}) as reader:
        for id in ids:
            event = await reader.event()
            assert event
            assert (str(event.id), event.data["id"]) == (id, id)
