"""``/groups``: a goal for every member at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Api, Serve

GROUP = """
processes:
  db: {cmd: exec sleep 1000, groups: [back]}
  api: {cmd: exec sleep 1000, groups: [back], depends_on: [db], autostart: false}
  bad: {cmd: [/does/not/exist], groups: [broken], autostart: false}
  good: {cmd: exec sleep 1000, groups: [broken], autostart: false}
"""


async def statuses(api: Api) -> dict[str, str]:
    return {each["name"]: each["status"] for each in (await api.get("/processes"))["processes"]}


async def test_start_leaves_members_alone_that_run_and_starts_the_others(serve: Serve) -> None:
    async with serve(GROUP) as api:
        pid = (await api.get("/processes/db"))["pid"]
        assert (await api.ask("POST", "/groups/back/start")).json() == {"success": True}
        assert (await api.get("/processes/db"))["pid"] == pid
        assert (await statuses(api))["api"] == "running"


async def test_restart_and_stop_reach_every_member(serve: Serve) -> None:
    async with serve(GROUP) as api:
        pid = (await api.get("/processes/db"))["pid"]
        assert (await api.ask("POST", "/groups/back/restart")).json() == {"success": True}
        assert (await api.get("/processes/db"))["pid"] != pid
        assert (await statuses(api))["api"] == "running"
        assert (await api.ask("POST", "/groups/back/stop")).json() == {"success": True}
        assert {name: status for name, status in (await statuses(api)).items() if name in ("db", "api")} == {
            "db": "stopped",
            "api": "stopped",
        }
        # Stopped members are no failure.
        assert (await api.ask("POST", "/groups/back/stop")).status == 200


async def test_a_member_that_cannot_start_fails_the_request_and_no_other_member(serve: Serve) -> None:
    async with serve(GROUP) as api:
        status, code, message = await api.error("POST", "/groups/broken/start")
        assert (status, code) == (500, "START_FAILED")
        assert "bad" in message
        assert (await statuses(api))["good"] == "running"


async def test_an_unknown_group_is_not_found(serve: Serve) -> None:
    async with serve(GROUP) as api:
        for goal in ("start", "stop", "restart"):
            assert (await api.error("POST", f"/groups/front/{goal}"))[:2] == (404, "PROCESS_NOT_FOUND")
