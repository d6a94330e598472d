"""A private instance as a child of the test process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.testing.server import Facts, Server, ServerFailed, client_of
from prox.testing.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, text: str) -> Path:
    file = folder / "prox.yaml"
    file.write_text(text)
    file.chmod(0o644)
    return file


def test_it_runs_for_the_length_of_its_block_in_its_own_folder(tmp_path: Path) -> None:
    file = write(tmp_path, "processes: {web: exec sleep 1000, other: {cmd: exit 0, autostart: false, reset: exit 0}}")
    with Server(Stack(file), tmp_path / "private") as server:
        assert server.facts == Facts(autostart=("web",), reset=("other",))
        client = client_of(server.folder)
        assert client.status()["config_file"] == str(file)
        assert not (tmp_path / ".prox").exists()
    with pytest.raises(ServerFailed, match=r"prox has exited; see .*private/prox.log"):
        client_of(server.folder)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    server = Server(Stack(tmp_path / "prox.yaml"), tmp_path / "private")
    with pytest.raises(ServerFailed, match=r"prox.yaml does not exist; create it, or override the fixture prox_config"):
        server.start()


def test_errors_of_the_configuration_are_prox_s_own(tmp_path: Path) -> None:
    server = Server(Stack(write(tmp_path, "processes: {web: {cmdd: x}}")), tmp_path / "private")
    with pytest.raises(ServerFailed, match=r"processes.web.cmdd: is an unknown key \(did you mean 'cmd'\?\)"):
        server.start()


def test_facts_that_are_missing_are_empty() -> None:
    assert Facts.of({"autostart": ["a"], "new": 1}) == Facts(autostart=("a",))
