"""The rows of the lists."""

from __future__ import annotations

from prox.tui import lists
from prox.tui.keys import keys_of, parse_keys
from prox.tui.records import ProcessRecord, RequestRecord


def plain(rows: list[lists.Text]) -> list[str]:
    return [row.plain for row in rows]


WEB = ProcessRecord(name="web", status="running", pid=1, port=8000, restarts=2)
API = ProcessRecord(name="api", status="starting", waiting_for=("web",), depends_on=("web",))


def test_processes() -> None:
    assert plain(lists.process_rows([WEB, API], shown=frozenset({"api"}), results={}, width=80)) == [
        " 1 web ● running ↻2  :8000",
        "▪2 api ◌ waiting  for web",
    ]
    (row,) = plain(lists.process_rows([WEB], shown=None, results={"web": "restarted\x1b"}, width=80))
    assert row == " 1 web ● running  restarted\\x1b"
    # Where there is no room for both, the result replaces the state's word.
    (row,) = plain(lists.process_rows([WEB], shown=None, results={"web": "restarting…"}, width=26))
    assert row == " 1 web ● restarting…"
    stale = lists.process_rows([WEB], shown=None, results={}, width=80, is_stale=True)[0]
    assert "dim" in {str(span.style) for span in stale.spans if stale.plain[span.start] == "●"}
    long = ProcessRecord(name="a-rather-long-name", status="crashed")
    assert plain(lists.process_rows([long], shown=None, results={}, width=28)) == [" 1 a-rather-lon… ✕ crashed"]
    many = [ProcessRecord(name=f"p{n}", status="stopped") for n in range(11)]
    assert plain(lists.process_rows(many, shown=None, results={}, width=80))[9] == "   p9  ○ stopped"


def test_requests() -> None:
    request = RequestRecord(
        id="1", timestamp="2025-01-19T10:32:01.123Z", method="GET", url="/a?b\x1b[2J", subdomain="api", status_code=200,
        duration_ms=12.3,
    )  # fmt: skip
    (row,) = plain(lists.request_rows([request]))
    assert row[8:] == " 200 GET         12 ms api/a?b\\x1b[2J"


def test_a_request_in_full() -> None:
    found = {
        "id": "1", "method": "GET", "url": "/x", "status_code": 200, "duration_ms": 3.2, "host": "h",
        "remote_addr": "r",
        "details": {
            "request_headers": {"Accept": ["a", "b"]},
            "response_headers": {},
            "request_body": {"size": 0},
            "response_body": {"size": 9, "truncated": True, "data": "one\ntwo\x1b"},
            "logs": [{"line": "handled", "exact": True}, {"line": "other", "exact": False}],
        },
    }  # fmt: skip
    rows = plain(lists.request_details(found))
    assert rows[0] == "GET /x"
    assert "  Accept: a" in rows
    assert "  Accept: b" in rows
    assert rows[rows.index("response body: 9 bytes, truncated") + 1 :][:2] == ["  one", "  two\\x1b"]
    assert rows[-2:] == ["  = handled", "    other"]


def test_the_frames_of_a_websocket() -> None:
    frame = {"timestamp": "2025-01-19T10:32:01.123Z", "direction": "sent", "type": "text", "size": 2,
             "truncated": True, "is_binary": False, "close_code": None, "data": "a\x1b"}  # fmt: skip
    found = {
        "id": "1", "method": "GET", "url": "/ws", "status_code": 101,
        "details": {
            "request_body": {"size": 9}, "frames_dropped": 2,
            "frames": [frame, frame | {"direction": "received", "type": "close", "close_code": 1000, "data": "bye"}],
        },
    }  # fmt: skip
    rows = plain(lists.request_details(found))
    first, last = rows[rows.index("frames, after 2 that were not kept") + 1 :]
    assert first[11:] == "→ sent     text, 2 bytes, truncated  a\\x1b"
    assert last[11:] == "← received close 1000, 2 bytes, truncated  bye"
    assert "request body: 9 bytes" not in rows


def test_the_graph() -> None:
    assert lists.graph_rows({"web": WEB}) == []
    web = ProcessRecord(
        name="web", status="running", ready=True, started_at="2025-01-19T10:00:00.000Z", ready_seconds=1.5
    )
    api = ProcessRecord(
        name="api",
        status="running",
        ready=True,
        depends_on=("web",),
        started_at="2025-01-19T10:00:01.500Z",
        ready_seconds=0.5,
    )
    assert plain(lists.graph_rows({"web": web, "api": api})) == [
        "» web ● running  ready after 1.5 s",
        "» api ● running  ready after 0.5 s",
        "    after web",
        "",
        "critical path: web » api",
    ]
    assert "    waits for web" in plain(lists.graph_rows({"web": web, "api": API}))


def test_jobs_and_problems() -> None:
    job = ProcessRecord(name="seed", status="crashed", kind="job", reason="exited with code 1")
    assert plain(lists.job_rows([WEB, job])) == ["seed ✕ crashed  exited with code 1"]
    assert plain(lists.problem_rows([(job, "exited\nwith code 1")])) == ["seed ✕ crashed  exited\\x0awith code 1"]


def test_help_has_every_command() -> None:
    rows = plain(lists.help_rows(keys_of()))
    assert len(rows) == len(keys_of().commands)
    assert any(row.startswith("1 … 9") and "only" in row for row in rows)
    assert any("no key" in row for row in plain(lists.help_rows(parse_keys("wrap: y", ""))))


def test_the_footer_has_as_many_keys_as_fit() -> None:
    assert lists.footer(keys_of(), 20).plain == "? help  q quit  "
    assert "/ filter" in lists.footer(keys_of(), 200).plain
    assert lists.footer(keys_of(), 3).plain == ""
