"""The JSON Schema takes what prox takes, and not what it does not, as far as a schema can say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from msgspec import Struct

from helpers.config import EVERY_KEY, config_of, configs, problems_of
from prox.core.config import model
from prox.core.config.dump import to_plain, to_yaml
from prox.core.config.model import Config, fields_of
from prox.core.config.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "prox.example.yaml"
VALIDATOR = Draft202012Validator(json_schema())


def wrong_with(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json_schema() == json_schema()


def test_its_keys_are_those_of_the_model() -> None:
    sections = [each for each in vars(model).values() if isinstance(each, type) and issubclass(each, Struct)]
    names = {field.name for each in sections if each is not Struct for field in fields_of(each)}
    not_keys = {"folder", "file", "digest", "path", "optional"}
    assert set(keys_of(json_schema())) == names - not_keys
    assert set(json_schema()["properties"]) == set(Config.__struct_fields__) - not_keys


def keys_of(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for each in schema.values():
            yield from keys_of(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from keys_of(each)


def test_defaults_are_as_they_are_written() -> None:
    properties = json_schema()["$defs"]["HealthCheck"]["properties"]
    assert properties["interval"]["default"] == "10s"
    assert properties["start_interval"]["default"] == "500ms"
    assert json_schema()["$defs"]["Logs"]["properties"]["max_size"]["default"] == "10MB"
    assert json_schema()["$defs"]["ProcessSpec"]["anyOf"][1]["properties"]["tty"]["default"] is False


@pytest.mark.parametrize("text", [EVERY_KEY, EXAMPLE.read_text()], ids=["contract", "prox.example.yaml"])
def test_examples_are_valid(text: str) -> None:
    assert wrong_with(text) == []
    assert wrong_with(to_yaml(config_of(text))) == []
    assert list(VALIDATOR.iter_errors(to_plain(config_of(text)))) == []


@settings(max_examples=10, deadline=None)
@given(configs())
def test_printed_configurations_are_valid(config: Config) -> None:
    assert wrong_with(to_yaml(config)) == []


@pytest.mark.parametrize(
    "text",
    [
        "processes: {web: x}",
        "processes: {web: [python, 5, true]}",
        "jobs: {j: x}",
        "processes:\njobs: {j: x}",
        "processes: {web: {cmd: x, stop: , restart: , env: , env_file: , depends_on: , groups: }}\napi:\nlogs:\ncerts:",
        "processes: {web: {cmd: x, restart: no}}",
        "processes: {web: {cmd: x, restart: {policy: no}, start_timeout: 5m, port: {fd: 3}}}",
        "processes: {web: {cmd: x, healthcheck: {tcp: 80, start_period: 0}, watch: [src]}}",
        "processes: {web: {cmd: x, depends_on: {b: {log: x}, c: {restart: true}, d: , e: healthy}}, b: x, c: x, d: x,"
        " e: {cmd: x, healthcheck: {log: x}}}",
        "processes: {web: x}\nlogs: {dir: false, max_size: 10000}\nenv: {A: 1, B: 1.5, C: true, D: }\nenv_file: [a, b]",
        "processes: {web: {cmd: x, port: 80}}\nservices: {a: 80, b: {port: 80}, c: {process: web}}",
    ],
)
def test_accepted_configurations_are_valid(text: str) -> None:
    assert wrong_with(text) == []
    assert problems_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "api: {}",
        "processes: [web]",
        "processes: {web: 5}",
        "processes: {web: ''}",
        "processes: {web: []}",
        "processes: {web: }",
        "processes: {web: {}}",
        "processes: {'a b': x}",
        f"processes: {{{'n' * 64}: x}}",
        "processes: {web: x}\nproceses: {}",
        "processes: {web: {cmd: x, helthcheck: {tcp: 80}}}",
        "processes: {web: {cmd: x, healthcheck: {}}}",
        "processes: {web: {cmd: x, healthcheck: }}",
        "processes: {web: {cmd: x, healthcheck: {tcp: 80, cmd: x}}}",
        "processes: {web: {cmd: x, healthcheck: {tcp: false}}}",
        "processes: {web: {cmd: x, healthcheck: {tcp: 80, interval: 5}}}",
        "processes: {web: {cmd: x, healthcheck: {tcp: 80, interval: soon}}}",
        "processes: {web: {cmd: x, healthcheck: {http: http://x/, status: [99]}}}",
        "processes: {web: {cmd: x, port: 0}}",
        "processes: {web: {cmd: x, port: '80'}}",
        "processes: {web: {cmd: x, port: {fd: 2}}}",
        "processes: {web: {cmd: x, port: }}",
        "processes: {web: {cmd: x, env: [A=b]}}",
        "processes: {web: {cmd: x, env: {A: [b]}}}",
        "processes: {web: {cmd: x, restart: sometimes}}",
        "processes: {web: {cmd: x, depends_on: web}}",
        "processes: {web: {cmd: x, depends_on: {b: stated}}, b: x}",
        "processes: {web: {cmd: x, stop: {leftovers: keep}}}",
        "processes: {web: {cmd: x, watch: src}}",
        "processes: {web: {cmd: x, tty: 1}}",
        "processes: {web: {cmd: x, reset: {http: /reset}}}",
        "jobs: {j: {cmd: x, restart: always}}",
        "jobs: {j: {cmd: x, success_codes: [256]}}",
        "processes: {web: x}\nproxy: {}",
        "processes: {web: x}\nproxy:",
        "processes: {web: x}\nservices: {App: 80}",
        "processes: {web: x}\nservices: {app: {}}",
        "processes: {web: x}\nservices: {app: }",
        "processes: {web: {cmd: x, port: 1}}\nservices: {app: {port: 80, process: web}}",
        "processes: {web: x}\nlogs: {max_size: 1XB}",
        "processes: {web: x}\nshutdown_timeout: 10",
    ],
)
def test_rejected_configurations_are_invalid(text: str) -> None:
    assert wrong_with(text)
    assert problems_of(text)
