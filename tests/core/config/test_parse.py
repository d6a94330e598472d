"""All problems at once, in the order in which somebody reads the files; and no text that breaks the reading."""

from __future__ import annotations

import re

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from helpers.config import EVERY_KEY, FOLDER, TRICKY, problems_of
from prox.core.config import model
from prox.core.config.model import ProcessSpec, Stop, fields_of
from prox.core.config.parse import parse

BASE = """\
api: {port: 80}
processes:
  web:
    cmd: x
    env: {A: 1, B: 2}
    stop: {timeout: 5s}
    groups: [a, b]
  db: y
"""


def merged(base: str, over: str) -> model.Config:
    parsed = parse([(base, "prox.yaml"), (over, "prox.override.yaml")], folder=FOLDER, file=None)
    assert parsed.problems == ()
    assert parsed.config
    return parsed.config


def test_problems_come_in_the_order_of_the_file_whoever_finds_them() -> None:
    text = (
        "services: {app: {process: api}}\n"
        "processes:\n"
        "  web: {cmd: x, depends_on: [db], port: 80, helthcheck: {}}\n"
        "  web: y\n"
        "  web2: !x z\n"
        "jobs: {j: {cmd: 5, port: 80}}\n"
    )
    assert problems_of(text) == [
        "prox.yaml:1:27: services.app.process: no process named 'api'",
        "prox.yaml:3:30: processes.web.depends_on.db: no process or job named 'db'",
        "prox.yaml:3:45: processes.web.helthcheck: is an unknown key (did you mean 'healthcheck'?)",
        "prox.yaml:4:3: processes.web: duplicate key; the first one is in line 3",
        "prox.yaml:5:9: processes.web2: the tag !x is not known here; leave it out",
        "prox.yaml:6:17: jobs.j.cmd: must be a command: a string, or a list of words, not 5; put it in quotes",
        "prox.yaml:6:26: jobs.j.port: port 80 is already used by processes.web.port",
    ]


def test_columns_are_counted_as_people_do() -> None:
    text = "processes:\r\n  wéb😀: x\r\n  b: {cmd: 日本, tty: x}\r\n"
    assert problems_of(text) == [
        "prox.yaml:2:3: processes.wéb😀: 'wéb😀' is not a valid name:"
        " at most 63 letters, digits, _, - and ., a letter or digit first",
        "prox.yaml:3:21: processes.b.tty: must be true or false, not 'x'",
    ]
    assert problems_of(f"\ufeff{text}") == problems_of(text)


def test_maps_are_merged_deep_and_the_rest_is_replaced() -> None:
    config = merged(
        BASE,
        "processes:\n"
        "  web: {env: {B: 3, C: 4}, stop: {signal: INT}, groups: [c]}\n"
        "  db: [postgres, -D]\n"
        "  more: z\n"
        "shutdown_timeout: 1s\n",
    )
    assert config.processes["web"] == ProcessSpec(
        cmd="x", env={"A": "1", "B": "3", "C": "4"}, stop=Stop(signal="SIGINT", timeout=5.0), groups=("c",)
    )
    assert list(config.processes) == ["web", "db", "more"]
    assert config.processes["db"].cmd == ("postgres", "-D")
    assert (config.shutdown_timeout, config.api.port) == (1.0, 80)


def test_nothing_laid_over_it_changes_nothing() -> None:
    assert merged(BASE, "") == merged(BASE, "# nothing\n") == merged(BASE, BASE)


def test_problems_name_the_file_in_which_they_are() -> None:
    over = "processes:\n  db: {port: 80}\n  web: {env: {A: []}, tty: x}\nprox: {}\n"
    assert problems_of("api: {port: 80, auth: x}\nprocesses: {web: {cmd: x, tty: y}, db: z}\n", over) == [
        "prox.yaml:1:23: api.auth: must be true or false, not 'x'",
        "prox.override.yaml:2:3: processes.db: `cmd` is missing",
        "prox.override.yaml:2:14: processes.db.port: port 80 is already used by api.port",
        "prox.override.yaml:3:18: processes.web.env.A: must be a single value, not a list",
        "prox.override.yaml:3:28: processes.web.tty: must be true or false, not 'x'",
        "prox.override.yaml:4:1: prox: is an unknown key (did you mean 'proxy'?)",
    ]


def test_files_that_are_no_maps_are_all_told() -> None:
    assert problems_of("- x", "processes: {web: x}\n---\n") == [
        "prox.yaml:1:1: must be a mapping with the key `processes`, not a list",
        "prox.override.yaml:2:1: second document; only one is allowed",
    ]
    assert problems_of("processes: {web: 5}", "a: &a b\nc: [*d]") == [
        "prox.override.yaml:2:5: *d refers to no earlier anchor"
    ]


def test_a_problem_is_reported_once() -> None:
    assert len(problems_of("processes: {a: &a {cmd: x, tty: x}, b: *a}\n")) == 2
    text = "processes: {a: {cmd: x, groups: [a, a]}}"
    assert problems_of(text) == ["prox.yaml:1:34: processes.a.groups: 'a' is the name of a process"]


def expect_whole(*texts: str) -> None:
    """Read texts that may be anything: what comes is a configuration, or problems in order, one a line."""
    names = ("prox.yaml", "prox.override.yaml")
    parsed = parse(list(zip(texts, names, strict=False)), folder=FOLDER, file=None)
    assert parsed.config or parsed.problems
    places = [(names.index(problem.file), problem.line, problem.column) for problem in parsed.problems]
    assert places == sorted(places)
    for problem in parsed.problems:
        assert re.fullmatch(r"prox\.(override\.)?yaml:[1-9][0-9]*:[1-9][0-9]*: .+", str(problem))


SECTIONS = [each for each in vars(model).values() if isinstance(each, type) and issubclass(each, Struct)]
KEYS = sorted({field.name for section in SECTIONS if section is not Struct for field in fields_of(section)})
SCALARS = st.sampled_from([*TRICKY, *KEYS, "10s", "64KB", "auto", "healthy", "always", "/x", "?x", "web", "(", ""])
NAMES = st.sampled_from([*KEYS, "web", "db", "a b", "portt", "<<", "5"])
NODES = st.recursive(
    SCALARS | st.integers(-1, 70000) | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
SOME = st.dictionaries(st.sampled_from(KEYS), NODES, max_size=6)
DOCUMENTS = st.tuples(SOME, st.dictionaries(NAMES, SOME, max_size=3), st.dictionaries(NAMES, SOME, max_size=2)).map(
    lambda parts: {**parts[0], "processes": parts[1], "jobs": parts[2]}
)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.sampled_from([None, True, False]))
def test_any_structure_is_parsed_or_reported(document: dict[str, object], flow: bool | None) -> None:
    expect_whole(yaml.safe_dump(document, default_flow_style=flow, sort_keys=False))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_reported(text: str) -> None:
    expect_whole(text)
    expect_whole(BASE, text)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(EVERY_KEY)),
    st.integers(0, 30),
    st.text("ab:-[]{}&*<'\"#|>!%@? \n\t,5~\x1b", max_size=8) | SCALARS,
)
def test_a_mutated_file_is_parsed_or_reported(at: int, length: int, slip: str) -> None:
    expect_whole(EVERY_KEY[:at] + slip + EVERY_KEY[at + length :])
