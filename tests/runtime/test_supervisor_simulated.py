"""The supervisor in simulated time: many processes, processes that come and go, cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

import prox
from helpers.fake_child import FakePlatform
from helpers.playbook import play, simulated
from prox.core.config.model import ProcessSpec
from prox.core.lifecycle import Exit
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from trio.testing import MockClock

    from prox.runtime.platform import StopPlan

TWO = "processes: {web: web, db: {cmd: db, stop: {timeout: 3s}}}"
MANY = 500


async def test_many_processes_start_crash_restart_and_stop(autojump_clock: MockClock) -> None:
    """A minute of simulated time. It takes a second or two of real time; a quadratic step would take minutes."""
    names = [f"p{number}" for number in range(MANY)]
    fake = FakePlatform()
    text = "processes:\n" + "".join(f"  {name}: {name}\n" for name in names)
    async with simulated(text, fake) as (supervisor, _):
        supervisor.begin()
        await supervisor.wait_ready()
        for name in names:
            fake.child(name).exit(Exit(code=1))
        await trio.testing.wait_all_tasks_blocked()
        assert {process.status for process in supervisor.processes()} == {"crashed"}
        await trio.sleep(30)
        for name in names:
            supervisor.restart(name)
        await supervisor.wait_ready()
        assert {process.restarts for process in supervisor.processes()} == {1}
        for name in names[::2]:
            fake.child(name).obeys = lambda number: None
        supervisor.shutdown()
        begun = trio.current_time()
        await supervisor.wait_stopped()
        assert trio.current_time() - begun == 10, "all graces at once, and not one after the other"
    assert sum(map(len, fake.children.values())) == 2 * MANY
    assert all(child.reaped for children in fake.children.values() for child in children)


async def test_a_cancel_is_a_stop_in_order(autojump_clock: MockClock) -> None:
    fake = FakePlatform()
    supervisor = Supervisor(prox.parse_config(TWO, folder="/"), platform=fake.platform())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        supervisor.begin()
        await supervisor.wait_ready()
        fake.child("db").obeys = lambda number: None
        nursery.cancel_scope.cancel()
    assert supervisor.status == "stopping"
    assert trio.current_time() == 3
    assert (fake.child("web").signals, fake.child("db").signals) == ([15], [15, 9])


async def test_a_level_that_does_not_end_does_not_keep_the_next_one_running(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(TWO) as (supervisor, fake):
        supervisor.begin()
        await supervisor.wait_ready()
        web, db = fake.child("web"), fake.child("db")
        levels = [[supervisor._processes.get("web")], [supervisor._processes.get("db")]]
        monkeypatch.setattr(supervisor._stop, "levels", lambda: levels)
        stuck, end = trio.Event(), web.end

        async def end_late(plan: StopPlan) -> Exit:
            with trio.CancelScope(shield=True):
                await stuck.wait()
            return await end(plan)

        monkeypatch.setattr(web, "end", end_late)
        supervisor.shutdown()
        await supervisor.wait_status("web", "stopping")
        await trio.sleep(10)
        assert db.alive, "the first level has still time"
        await supervisor.wait_status("db", "stopped")
        assert web.alive
        stuck.set()


async def test_processes_that_come_and_go(autojump_clock: MockClock) -> None:
    async with simulated(TWO) as (supervisor, fake):
        supervisor.begin()
        supervisor.add("job", ProcessSpec(cmd="job", port="auto"))
        assert supervisor.names == ("web", "db", "job")
        assert supervisor.config.processes["job"].cmd == "job"
        assert supervisor.process("job").port
        await play(supervisor, fake, "job stopped\nstart job\njob running\njob writes hello")
        lines = supervisor.follow_logs("job", tail=10)
        assert (await anext(lines)).text == "hello"
        await supervisor.remove("job")
        assert not fake.child("job").alive
        assert supervisor.names == ("web", "db")
        with pytest.raises(prox.UnknownProcess):
            supervisor.start("job")
        # The others have not noticed, and the name is free again.
        await play(supervisor, fake, "web running\ndb running")
        supervisor.add("job", ProcessSpec(cmd="job"))
        await play(supervisor, fake, "job stopped\nstart job\njob running\njob exits 1\njob crashed")
        await supervisor.remove("job")
        assert supervisor.names == ("web", "db")


async def test_a_process_cannot_be_added_twice_nor_during_the_shutdown(autojump_clock: MockClock) -> None:
    async with simulated(TWO) as (supervisor, _):
        for name in ("web", "system"):
            with pytest.raises(ValueError, match="already"):
                supervisor.add(name, ProcessSpec(cmd="x"))
        with pytest.raises(prox.UnknownProcess):
            await supervisor.remove("nobody")
        supervisor.shutdown()
        with pytest.raises(prox.ShuttingDown):
            supervisor.add("new", ProcessSpec(cmd="x"))
        with pytest.raises(prox.ShuttingDown):
            await supervisor.remove("web")


async def test_a_process_that_is_started_while_it_is_removed_stays(autojump_clock: MockClock) -> None:
    async with simulated(TWO) as (supervisor, fake), trio.open_nursery() as nursery:
        supervisor.begin(["web"])
        await supervisor.wait_ready("web")
        fake.child("web").obeys = lambda number: None
        nursery.start_soon(supervisor.remove, "web")
        await trio.testing.wait_all_tasks_blocked()
        supervisor.start("web")
        fake.child("web").exit(Exit(code=0))
        await supervisor.wait_ready("web")
        assert "web" in supervisor.names
        supervisor.shutdown()


@pytest.mark.parametrize("attempt", range(10))
async def test_a_shutdown_during_a_reload(attempt: int, autojump_clock: MockClock) -> None:
    """What was to be started again by the reload stays down, and nothing waits for it.

    Which of the two goes on first when the process has stopped is up to Trio.
    """
    async with simulated(TWO) as (supervisor, fake):
        supervisor.begin()
        await supervisor.wait_ready()
        fake.child("db").obeys = lambda number: None
        new = TWO.replace("{cmd: db,", "{cmd: db, env: {A: b},").replace("web: web", "web: web, more: more")
        supervisor.reload(prox.parse_config(new, folder="/"))
        await trio.sleep(1)
        supervisor.shutdown()
        with trio.fail_after(5):
            await supervisor.wait_stopped()
        assert len(fake.children["db"]) == 1
        # It was started by the reload, before the stop.
        assert (len(fake.children["more"]), fake.alive("more")) == (1, 0)
