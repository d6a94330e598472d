"""The environment of a process, as prox builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.testing.environ import environment_of

if TYPE_CHECKING:
    from prox.testing.instance import Instance


def test_every_layer_is_in_it_secrets_included(instance: Instance) -> None:
    found = environment_of("api", instance)
    port = instance.state("api")["port"]
    expected = {
        "GIVEN": "by the test", "FROM_FILE": "yes", "EVERYWHERE": "file", "API_TOKEN": "secret",
        "PORT": str(port), "PROX_PORT_API": str(port), "PROX_PROCESS": "api", "PROX_WORKER": "main",
    }  # fmt: skip
    assert expected.items() <= found.items()
    assert found["PROX_INSTANCE"] == instance.client.status()["instance"]
    assert "API_TOKEN" not in environment_of("db", instance)


def test_ports_of_processes_that_another_instance_runs_are_in_it(instance: Instance) -> None:
    instance.other_ports["cache"] = 4321
    try:
        assert environment_of("db", instance)["PROX_PORT_CACHE"] == "4321"
    finally:
        instance.other_ports.clear()
