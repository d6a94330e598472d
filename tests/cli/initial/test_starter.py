"""The text of a new prox.yaml: prox reads it as what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prox
from prox.cli.initial.found import Found
from prox.cli.initial.procfile import parse_procfile
from prox.cli.initial.starter import render
from prox.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import Config


def commands(config: Config) -> dict[str, object]:
    return {name: process.cmd for name, process in config.processes.items()}


def test_ports_jobs_and_the_env_file_are_written(folder: Path) -> None:
    (folder / ".env").touch()
    found = Found("Procfile", {"web": "serve", "worker": "work"}, {"release": "migrate"}, frozenset({"web"}))
    config = prox.parse_config(render(found, env_file=True), folder=folder)
    assert {name: spec.port for name, spec in config.processes.items()} == {"web": "auto", "worker": None}
    assert config.jobs["release"].cmd == "migrate"
    assert [file.path for file in config.env_file] == [".env"]


def test_what_was_left_out_is_a_comment_that_names_its_file(folder: Path) -> None:
    text = render(Found("package.json", {"dev": "npm run dev"}, left_out={"start": "npm run start"}), env_file=False)
    assert list(prox.parse_config(text, folder=folder).processes) == ["dev"]
    assert "  # Also in package.json:\n  # start: npm run start\n" in text
    assert "env_file" not in text


def test_what_the_example_has_in_comments_can_be_read(folder: Path) -> None:
    text = render(None, env_file=False)
    uncommented = text.replace("  # api:", "  api:").replace("\n  #   ", "\n    ")
    config = prox.parse_config(uncommented, folder=folder)
    assert config.processes["api"].port == "auto"
    assert config.processes["api"].healthcheck


def test_a_command_that_looks_like_something_else_is_quoted(folder: Path) -> None:
    found = parse_procfile("Procfile", "a: 0E0\nb: 1.5\nc: yes\nd: null\ne: '\nf: ~\n0E0: 0x1F\n")
    assert commands(prox.parse_config(render(found, env_file=False), folder=folder)) == {
        "a": "0E0", "b": "1.5", "c": "yes", "d": "null", "e": "'", "f": "~", "0E0": "0x1F"
    }  # fmt: skip


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z").filter(lambda name: name != "system")
COMMANDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip() == text and len(text.splitlines()) == 1
)


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(NAMES, COMMANDS, min_size=1, max_size=5), st.booleans())
def test_any_procfile_becomes_what_prox_reads(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str], env_file: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / ".env").touch()
    text = "".join(f"{name}: {command}\n" for name, command in entries.items())
    try:
        found = parse_procfile("Procfile", text)
    except ConfigError as error:
        pytest.fail(str(error))
    config = prox.parse_config(render(found, env_file=env_file), folder=folder)
    everything = commands(config) | {name: job.cmd for name, job in config.jobs.items()}
    assert everything == entries
