"""The reference in docs/ names every key, command, option, exit code, route, field and function, and no other."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
import pytest

import prox
from prox.api.app import create_app
from prox.api.errors import STATUS, http_failure
from prox.api.openapi import document
from prox.api.processes import ProcessInFull
from prox.api.settings import ApiSettings
from prox.cli import exit_codes
from prox.cli.group import COMMANDS
from prox.cli.group import prox as cli
from prox.core.config.parse import parse
from prox.core.config.schema import json_schema
from prox.core.snapshots import ProcessSnapshot
from prox.proxy.recorder import Recorder
from prox.runtime.supervisor import Supervisor
from prox.testing.process import ProcessHandle

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
CODE = re.compile(r"`([^`]+)`")


@cache
def page(name: str) -> dict[str, str]:
    """Return the sections of a page by their headings, of whatever depth; each ends at the next heading."""
    parts = re.split(r"^#{1,4} (.+)\n", (DOCS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> Iterator[list[str]]:
    """Return the rows of a section's tables, without their heads."""
    table = False
    for line in re.sub(r"^```.*?^```$", "", section, flags=re.MULTILINE | re.DOTALL).splitlines():
        if not line.startswith("|"):
            table = False
        elif set(line) <= set("|- "):
            table = True
        elif table:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def named(section: str) -> set[str]:
    """Return what the first cells of a section's tables name."""
    return {name for row in rows(section) for name in CODE.findall(row[0])}


def first_table(section: str) -> set[str]:
    """Return what the first cells of a section's first table name."""
    return named(re.split(r"(?<=\|)\n\n", section, maxsplit=1)[0])


SCHEMA: dict[str, Any] = json_schema()


def keys(definition: str) -> set[str]:
    """Return the keys of a mapping of prox.yaml, by its name in the schema; "" is the whole file."""
    found: set[str] = set()
    pending = [SCHEMA["$defs"][definition] if definition else SCHEMA]
    while pending:
        part = pending.pop()
        found |= part.get("properties", {}).keys()
        pending += part.get("anyOf", [])
    return found


@pytest.mark.parametrize(
    ("heading", "definition"),
    [
        ("The whole file", ""),
        ("`api`: the HTTP API", "Api"),
        ("`logs`: what processes write", "Logs"),
        ("Processes", "ProcessSpec"),
        ("Health checks", "HealthCheck"),
        ("Stopping", "Stop"),
        ("Restarts", "Restart"),
        ("Order", "Dependency"),
        ("Watching files", "Watch"),
        ("Jobs", "Job"),
        ("`proxy`", "Proxy"),
        ("`proxy.capture`", "Capture"),
        ("`services`", "Service"),
        ("`certs`", "Certs"),
    ],
)
def test_every_key_is_in_the_reference(heading: str, definition: str) -> None:
    assert named(page("configuration.md")[heading]) == keys(definition)


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command}


def options(command: click.Command) -> set[str]:
    return {
        name
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
        for name in (*each.opts, *each.secondary_opts)
    } - {"--help"}


def test_every_command_is_in_the_reference() -> None:
    described = {name for heading in page("cli.md") for name in re.findall(r"`prox ([\w-]+)", heading)}
    assert described == commands().keys()


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_is_in_the_reference(name: str) -> None:
    """Options that all commands take stand at the head of the page."""
    sections = page("cli.md")
    (section,) = [text for heading, text in sections.items() if re.search(rf"`prox {name}\b", heading)]
    shared = options(cli) - {"--version"}
    described = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", " ".join(CODE.findall(section))))
    missing = options(commands()[name]) - shared - described
    invented = {each for row in rows(section) for each in re.findall(r"(?<![\w-])--[a-z][\w-]*", row[0])}
    assert (missing, invented - options(commands()[name])) == (set(), set())


def test_every_option_of_prox_itself_is_in_the_reference() -> None:
    assert named(page("cli.md")["The command line"]) >= {"--config FILE", "--version"}
    described = {each for name in named(page("cli.md")["The command line"]) for each in re.findall(r"--?[\w-]+", name)}
    assert described == options(cli)


def test_every_exit_code_is_in_the_reference() -> None:
    described = {row[0] for row in rows(page("cli.md")["Exit codes"])}
    numbers = {
        value for name, value in vars(exit_codes).items() if re.fullmatch("[A-Z]\\w+", name) and type(value) is int
    }
    assert described == {str(number) for number in numbers - {exit_codes.BY_SIGNAL}} | {"128+n", "a job's own"}


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The API of an instance with a proxy, as /openapi.json describes it."""
    folder = tmp_path_factory.mktemp("project")
    supervisor = Supervisor(prox.parse_config("processes: {web: exit 0}", folder=folder), folder=folder)
    app = create_app(supervisor, ApiSettings(host="127.0.0.1", port=1, auth=False), Recorder(max_body=1, folder=None))
    return document(app, auth=False)


def test_every_route_is_in_the_reference(description: dict[str, Any]) -> None:
    routes = {f"{method.upper()} {path}" for path, methods in description["paths"].items() for method in methods}
    described = set()
    for row in rows(page("api.md")["Routes"]):
        first, *further = CODE.findall(row[0])
        method, path = first.split()
        prefix = "" if path in {"/health", "/metrics"} else "/api/v1"
        described |= {f"{method} {prefix}{path}"}
        described |= {f"{method} {prefix}{path.rpartition('/')[0]}/{other}" for other in further}
    assert described == {re.sub(r"\{name\}", "NAME", re.sub(r"\{id\}", "ID", route)) for route in routes}


@pytest.mark.parametrize(
    ("heading", "path"),
    [
        ("GET /logs", "/api/v1/logs"),
        ("GET /stream", "/api/v1/stream"),
        ("GET /proxy/requests", "/api/v1/proxy/requests"),
    ],
)
def test_every_parameter_is_in_the_reference(description: dict[str, Any], heading: str, path: str) -> None:
    parameters = {each["name"] for each in description["paths"][path]["get"]["parameters"]}
    assert first_table(page("api.md")[heading]) == parameters


def test_every_error_code_of_the_api_is_in_the_reference() -> None:
    codes = STATUS.keys() | {http_failure(status).code for status in range(400, 600)} | {"TOO_MANY_CONNECTIONS"}
    described = {(code, row[1]) for row in rows(page("api.md")["Errors"]) for code in CODE.findall(row[0])}
    assert {code for code, _ in described} == codes
    assert {code: status for code, status in described if code in STATUS} == {
        code: str(status) for code, status in STATUS.items()
    }


def test_every_field_of_a_process_is_in_the_reference() -> None:
    fields = {field.name for field in msgspec.structs.fields(ProcessSnapshot)}
    assert named(page("api.md")["GET /processes"]) == fields
    in_full = {field.name for field in msgspec.structs.fields(ProcessInFull)} - fields
    assert named(page("api.md")["GET /processes/NAME"]) == in_full


def test_every_public_name_is_in_the_reference() -> None:
    words = set(re.findall(r"\w+", (DOCS / "python.md").read_text(encoding="utf-8")))
    assert set(prox.__all__) - words == set()


def test_the_reference_names_what_a_supervisor_has(tmp_path: Path) -> None:
    supervisor = Supervisor(prox.parse_config("processes: {web: exit 0}", folder=tmp_path), folder=tmp_path)
    spans = named(page("python.md")["Supervisor"])
    described = {found[1] for name in spans if (found := re.match(r"(?:await )?([a-z_]+)(?:\(|$)", name))}
    assert len(described) > 20
    assert {name for name in described if not hasattr(supervisor, name)} == set()


def examples(name: str) -> list[str]:
    """Return the configurations that a page shows, those apart that are merged over another or have errors."""
    blocks = re.findall(
        r"^```yaml[^\n]*\n(.*?)^```$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    merged = re.compile(
        r"\A# (?:prox\.override\.yaml|\.github|\.gitlab)|\Aprocesses:\n  web:\n    cmd: exec node_modules"
    )
    return [block for block in blocks if re.search(r"^processes:", block, re.MULTILINE) and not merged.search(block)]


@pytest.mark.parametrize("name", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")))
def test_every_configuration_in_the_docs_is_valid(name: str) -> None:
    """As far as that can be seen without its env files. One in configuration.md is wrong, to show how errors look."""
    found = [(text, parse([(text, "prox.yaml")], folder="/", file=None).problems) for text in examples(name)]
    wrong = {text: problems for text, problems in found if problems}
    if name == "configuration.md":
        (problems,) = wrong.values()
        shown = [line for line in page(name)["Errors"].splitlines() if line.startswith("prox.yaml:")]
        assert [str(problem) for problem in problems] == [line for line in shown if "not found; create it" not in line]
    else:
        assert wrong == {}


def test_every_fixture_and_option_of_the_plugin_is_in_the_reference() -> None:
    source = (Path(prox.__file__).parent / "testing" / "plugin.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    fixtures = {
        node.name
        for node in functions
        if any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list) and node.name[0] != "_"
    }
    assert {name for name in named(page("testing.md")["Fixtures and the marker"]) if "=" not in name} == fixtures
    options = {name.partition("=")[0] for name in named(page("testing.md")["Options"])}
    assert options == set(re.findall(r'"(--prox-[\w-]+)"', source))


def test_every_method_of_a_process_under_tests_is_in_the_reference() -> None:
    described = {re.sub(r"\W*(\w+).*", r"\1", name) for name in named(page("testing.md")["A process"])}
    public = {name for name in dir(ProcessHandle) if not name.startswith("_")}
    assert described | {"aio"} == public
