"""Early starts: which processes have one, and that none is left where nobody takes it over."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest

from helpers.config import config_of
from prox.runtime import early_start
from prox.runtime.early_start import kill_unclaimed, spawn_early
from prox.runtime.port_claim import assign_ports
from prox.system.children import remove_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prox.core.config.model import Config
    from prox.runtime.early_start import EarlyChild

MIXED = """
processes:
  plain: exec sleep 1000
  checked: {cmd: exec sleep 1000, port: auto, healthcheck: {tcp: true}}
  dependent: {cmd: exec sleep 1000, depends_on: [plain]}
  notifying: {cmd: exec sleep 1000, healthcheck: {notify: true}}
  given_a_socket: {cmd: exec sleep 1000, port: {fd: 3}}
  with_file: {cmd: exec sleep 1000, env_file: .env}
  missing: {cmd: [no-such-program]}
"""


@pytest.fixture
def early(tmp_path: Path) -> Iterator[Early]:
    started = Early(tmp_path)
    yield started
    started.end()


class Early:
    """Spawns early, and ends everything in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, EarlyChild] = {}

    def spawn(self, config: Config, *names: str, alone: bool = False) -> dict[str, EarlyChild]:
        config = msgspec.structs.replace(config, folder=str(self.folder))
        ports = assign_ports(config.processes)
        found = spawn_early(config, names, instance="early-test", ports=ports, urls={}, alone=alone)
        self.children |= found
        return found

    def end(self) -> None:
        kill_unclaimed(self.children)
        for child in self.children.values():
            remove_child(child.spawned.popen.pid)
            for descriptor in [number for _, number in child.spawned.pipes] + [child.spawned.pidfd]:
                if descriptor is not None:
                    os.close(descriptor)


def test_those_that_wait_for_nothing(early: Early) -> None:
    names = ("plain", "checked", "dependent", "notifying", "given_a_socket", "with_file", "missing")
    assert set(early.spawn(config_of(MIXED), *names)) == {"plain", "checked"}


def test_dependencies_of_what_is_asked_for(early: Early) -> None:
    assert set(early.spawn(config_of(MIXED), "dependent")) == {"plain"}


def test_dependencies_do_not_count_for_one_that_is_started_alone(early: Early) -> None:
    assert set(early.spawn(config_of(MIXED), "dependent", alone=True)) == {"dependent"}


def test_nothing_is_started_for_a_name_that_is_unknown(early: Early) -> None:
    assert early.spawn(config_of(MIXED), "plain", "nobody") == {}


def test_one_whose_port_is_taken_is_left_to_its_process(early: Early) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = config_of(f"processes: {{a: {{cmd: exec sleep 1000, port: {port}}}, b: exec sleep 1000}}")
        assert set(early.spawn(config, "a", "b")) == {"b"}


def test_none_takes_the_descriptors_that_prox_needs(early: Early, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_start, "MIN_DESCRIPTORS", 1 << 40)
    assert early.spawn(config_of(MIXED), "plain") == {}


def test_its_environment_is_that_of_a_start(early: Early) -> None:
    config = config_of("env: {A: a}\nprocesses: {p: {cmd: 'echo $A $B $PROX_PROCESS', env: {B: b}}}")
    child = early.spawn(config, "p")["p"]
    assert child.environment.configured == {"A": "a", "B": "b"}
    output = dict(child.spawned.pipes)["stdout"]
    assert os.read(output, 100) == b"a b p\n"


def test_those_that_nobody_took_over_are_killed(early: Early) -> None:
    config = config_of("processes: {a: \"trap '' TERM; sleep 1000 & echo $!; wait\"}")
    child = early.spawn(config, "a")["a"]
    assert os.read(dict(child.spawned.pipes)["stdout"], 100)
    kill_unclaimed(early.children)
    assert child.spawned.popen.returncode == -9
    # The end of the pipe: nobody holds it any more.
    assert os.read(dict(child.spawned.pipes)["stdout"], 100) == b""
