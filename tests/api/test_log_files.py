"""``GET /logs/files``: lines that memory no longer holds, and those of earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Serve

TEXT = """
logs: {buffer_lines: 2}
processes:
  api: "echo first; echo 'ERROR: bad'; echo '  at x'; echo last; exec sleep 1000"
"""


async def test_lines_of_this_run_and_of_earlier_ones(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "gone.log").write_bytes(b"2020-01-01T00:00:00.000Z err of another time\n")
    async with serve(TEXT, instance_dir=tmp_path) as api:
        await api.line("api", "last")

        async def find(**query: str) -> list[str]:
            found = await api.get("/logs/files?" + urlencode(query))
            assert found["filtered_count"] == len(found["logs"])
            return [record["line"] for record in found["logs"]]

        assert await find(process="api") == ["first", "ERROR: bad", "  at x", "last"]
        assert len((await api.get("/logs?process=api"))["logs"]) == 2
        assert await find(process="api", lines="1") == ["last"]
        assert await find(process="api", level="error") == ["ERROR: bad"]
        assert await find(pattern="^(first|of)", regex="true") == ["of another time", "first"]
        assert await find(process="gone") == ["of another time"]
        assert await find(until="2021-01-01T00:00:00Z") == ["of another time"]
        assert await find(stream="stderr") == ["of another time"]
        (record,) = (await api.get("/logs/files?process=gone"))["logs"]
        assert record == {
            "id": None, "timestamp": "2020-01-01T00:00:00.000Z", "process": "gone", "stream": "stderr",
            "line": "of another time", "level": None,
        }  # fmt: skip
        records = (await api.get("/logs/files?process=api"))["logs"]
        assert [(each["level"], each.get("continues")) for each in records] == [
            (None, None), ("error", None), (None, True), (None, None)
        ]  # fmt: skip
        assert (await api.error("GET", "/logs/files?process=nobody"))[:2] == (404, "PROCESS_NOT_FOUND")
        assert (await api.error("GET", "/logs/files?pattern=(&regex=1"))[:2] == (400, "INVALID_PATTERN")


async def test_without_log_files_there_are_no_lines(api: Api) -> None:
    assert await api.get("/logs/files?process=api") == {"logs": [], "filtered_count": 0}
    assert (await api.error("GET", "/logs/files?since=soon"))[:2] == (400, "INVALID_PARAMETER")


async def test_a_file_that_cannot_be_read_is_an_error(serve: Serve, tmp_path: Path) -> None:
    async with serve(TEXT, instance_dir=tmp_path) as api:
        await api.line("api", "last")
        api.supervisor.log_folder = tmp_path / ("x" * 300)
        status, code, message = await api.error("GET", "/logs/files")
    assert (status, code) == (500, "LOG_FILE_UNREADABLE")
    assert "File name too long" in message
