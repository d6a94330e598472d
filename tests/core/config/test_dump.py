"""A printed configuration reads as the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.config import EVERY_KEY, TEXT, TRICKY, config_of, configs, problems_of
from prox.core.config.dump import to_plain, to_yaml

if TYPE_CHECKING:
    from prox.core.config.model import Config

EXAMPLE = Path(__file__).parents[3] / "prox.example.yaml"


@settings(max_examples=30, deadline=None)
@given(configs())
def test_a_dumped_configuration_reads_as_the_same(config: Config) -> None:
    text = to_yaml(config)
    assert problems_of(text) == []
    assert config_of(text) == config
    assert to_yaml(config_of(text)) == text


@pytest.mark.parametrize("text", [EVERY_KEY, EXAMPLE.read_text()], ids=["contract", "prox.example.yaml"])
def test_examples_are_written_as_they_are_understood(text: str) -> None:
    assert config_of(to_yaml(config_of(text))) == config_of(text)


def test_short_forms_are_written_long_with_all_that_is_understood() -> None:
    text = (
        "processes:\n"
        "  web: {cmd: x, restart: no, watch: [src], depends_on: [db], env: {A: 0123, B: no}, env_file: '?.env'}\n"
        "  db: {cmd: [y], port: 80, healthcheck: {tcp: true, timeout: 1500ms}}\n"
        "proxy: {domain: localhost, enabled: true}\n"
        "services: {app: 3000, db: {process: db}}\n"
        "logs: {dir: false}\n"
    )
    plain = to_plain(config_of(text))
    web, db = plain["processes"]["web"], plain["processes"]["db"]
    assert web["restart"] == {
        "policy": "no", "max": 5, "backoff": "500ms", "max_backoff": "30s", "reset_after": "10s"
    }  # fmt: skip
    assert web["watch"] == {"paths": ["src"], "ignore": [], "debounce": "200ms"}
    assert web["depends_on"] == {"db": {"condition": "healthy", "restart": False}}
    assert (web["env"], web["env_file"]) == ({"A": "0123", "B": "no"}, ["?.env"])
    assert (web["stop"], web["start_timeout"]) == (
        {"signal": "SIGTERM", "leftovers": "kill", "scope": "group"},
        "5m",
    )
    assert (db["cmd"], db["port"]) == (["y"], 80)
    assert db["healthcheck"] == {
        "tcp": True, "interval": "10s", "timeout": "1.5s", "retries": 3, "start_period": "30s",
        "start_interval": "500ms",
        "listener": "own",
    }  # fmt: skip
    assert plain["proxy"]["enabled"] is True
    assert plain["proxy"]["https_port"] == 6789
    assert plain["services"] == {"app": {"port": 3000, "host": "localhost"}, "db": {"process": "db"}}
    assert plain["logs"]["dir"] is False
    assert plain["logs"]["max_size"] == "10MB"
    assert not {"folder", "file", "digest"} & plain.keys()


def test_a_script_stays_readable() -> None:
    text = "processes:\n  web:\n    cmd: |\n      echo 1\n      echo 2\n"
    assert "cmd: |\n      echo 1\n      echo 2\n" in to_yaml(config_of(text))


@given(TEXT | st.sampled_from([*TRICKY, "a\r\nb", "a\x85", "\u2028b\n", "x\n\n", "é\x7f", "a" * 20000 + " b"]))
def test_any_text_is_read_as_it_was(text: str) -> None:
    written = {"processes": {"web": {"cmd": "x", "description": text, "env": {"A": text}}}}
    config = config_of(yaml.safe_dump(written, default_style='"'))
    read = config_of(to_yaml(config)).processes["web"]
    assert (read.description, read.env) == (text, {"A": text})
