"""The state that the processes of one instance share."""

from __future__ import annotations

from helpers.playbook import play, simulated


async def test_instances_share_nothing(autojump_clock) -> None:
    text = "processes: {web: {cmd: web, port: auto}}"
    async with simulated(text) as (one, _), simulated(text) as (other, _):
        one._context.urls["web"] = "http://web.localhost"
        one._context.digests.clear()
        assert other._context.urls == {}
        assert other._context.digests.keys() == {"web"}


async def test_nothing_starts_once_a_shutdown_has_begun(autojump_clock) -> None:
    async with simulated("processes: {web: web}") as (supervisor, fake):
        assert not supervisor._context.stopping
        await play(supervisor, fake, "start web\nweb running\nshutdown\nrefused: start web")
        assert supervisor._context.stopping
