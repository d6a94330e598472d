"""``GET /openapi.json``: it is valid, it is complete, and answers and events are what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import schemathesis
from jsonschema import Draft202012Validator

from prox.instance.token import load_token

if TYPE_CHECKING:
    from conftest import Api, Serve

ROUTES = {
    ("get", "/api/v1/status"),
    ("get", "/api/v1/processes"),
    ("get", "/api/v1/processes/{name}"),
    ("post", "/api/v1/processes/{name}/start"),
    ("post", "/api/v1/processes/{name}/stop"),
    ("post", "/api/v1/processes/{name}/restart"),
    ("post", "/api/v1/processes/{name}/signal"),
    ("post", "/api/v1/processes/{name}/reset"),
    ("post", "/api/v1/groups/{name}/start"),
    ("post", "/api/v1/groups/{name}/stop"),
    ("post", "/api/v1/groups/{name}/restart"),
    ("post", "/api/v1/reload"),
    ("get", "/api/v1/logs"),
    ("get", "/api/v1/logs/stream"),
    ("get", "/api/v1/logs/files"),
    ("get", "/api/v1/stream"),
    ("get", "/api/v1/usage"),
    ("get", "/api/v1/runs"),
    ("get", "/api/v1/runs/{id}"),
    ("post", "/api/v1/tickets"),
    ("get", "/api/v1/events/stream"),
    ("get", "/api/v1/openapi.json"),
    ("post", "/api/v1/shutdown"),
    ("get", "/health"),
    ("get", "/metrics"),
}
"""What the contract names, the routes of the proxy aside: those cannot be had in this version."""


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Show that a value is as a schema of the document says."""
    Draft202012Validator(schema | {"components": document["components"]}).validate(value)


def answer_schema(document: dict[str, Any], method: str, path: str, status: str = "200") -> dict[str, Any]:
    responses = document["paths"]["/api/v1" + path][method]["responses"]
    return responses.get(status, responses["default"])["content"]["application/json"]["schema"]


async def test_it_is_valid(api: Api) -> None:
    document = await api.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_every_route_is_in_it(api: Api) -> None:
    document = await api.get("/openapi.json")
    operations = {(method, path): found for path, one in document["paths"].items() for method, found in one.items()}
    assert operations.keys() == ROUTES
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    for (_, path), operation in operations.items():
        assert operation["summary"]
        assert operation["responses"].keys() >= {"200", "default"}
        placed = [given["name"] for given in operation["parameters"] if given["in"] == "path"]
        assert placed == re.findall(r"{(\w+)}", path)


async def test_parameters(api: Api) -> None:
    document = await api.get("/openapi.json")
    both = {"process", "pattern", "regex", "stream", "since", "until", "level"}
    schemas = {}
    for path, names in (("/logs", both | {"lines", "bytes"}), ("/logs/stream", both | {"tail"})):
        given = document["paths"]["/api/v1" + path]["get"]["parameters"]
        assert {one["name"] for one in given} == names
        assert all(one["in"] == "query" and one["description"] and not one.get("required") for one in given)
        schemas |= {one["name"]: one["schema"] for one in given}
    assert schemas["regex"] == {"type": "boolean", "default": False}
    assert schemas["pattern"] == {"type": "string", "maxLength": 256, "default": ""}
    assert set(schemas["stream"]["enum"]) == {"", "stdout", "stderr"}
    # Above the maximum is no mistake, and so none is described.
    assert schemas["lines"] == {"type": "integer", "minimum": 1, "default": 100}
    assert schemas["bytes"] == {"type": "integer", "minimum": 1}
    assert schemas["tail"] == {"type": "integer", "minimum": 0, "default": 0}


async def test_answers_are_what_it_says(api: Api) -> None:
    document = await api.get("/openapi.json")
    for path in ("/status", "/processes", "/logs", "/openapi.json"):
        check(document, answer_schema(document, "get", path), await api.get(path))
    one = answer_schema(document, "get", "/processes/{name}")
    check(document, one, await api.get("/processes/api"))
    for what in ("start", "stop", "restart"):
        answer = await api.ask("POST", f"/processes/worker/{what}")
        check(document, answer_schema(document, "post", f"/processes/{{name}}/{what}"), answer.json())
    for method, path, asked in (
        ("get", "/processes/{name}", "/processes/nobody"),
        ("get", "/logs", "/logs?lines=0"),
        ("post", "/processes/{name}/start", "/processes/api/start"),
        ("get", "/status", "/nothing"),
    ):
        answer = await api.ask(method.upper(), asked)
        check(document, answer_schema(document, method, path, str(answer.status)), answer.json())


async def test_a_health_check_and_a_long_line_are_too(serve: Serve) -> None:
    text = """
logs: {buffer_bytes: 4MB}
processes:
  api: {cmd: "head -c 1100000 /dev/zero | tr '\\\\0' x; echo; exec sleep 1000", healthcheck: {cmd: exit 3}}
"""
    async with serve(text) as api:
        async with api.stream("/logs/stream?process=api&tail=2") as reader:
            records = [await reader.event(), await reader.event()]
        document = await api.get("/openapi.json")
        schema = document["paths"]["/api/v1/logs/stream"]["get"]["responses"]["200"]["content"]["text/event-stream"]
        for record in records:
            assert record
            check(document, schema["x-events"]["message"], record.data)
        check(document, answer_schema(document, "get", "/processes/{name}"), await api.get("/processes/api"))


async def test_events_are_what_it_says(serve: Serve) -> None:
    async with serve("processes: {api: exec sleep 1000}") as api:
        document = await api.get("/openapi.json")
        content = document["paths"]["/api/v1/events/stream"]["get"]["responses"]["200"]["content"]
        kinds = content["text/event-stream"]["x-events"]
        async with api.stream("/events/stream") as reader:
            first = await reader.event()
            api.supervisor.shutdown()
            events = [first, *await reader.rest()]
        assert {event.name for event in events if event} == {"snapshot", "process", "shutdown"}
        assert kinds.keys() == {"snapshot", "process", "shutdown", "leftover"}
        for event in events:
            assert event
            check(document, kinds[event.name], event.data)


async def test_whether_a_token_is_needed(api: Api, serve: Serve) -> None:
    assert "security" not in await api.get("/openapi.json")
    async with serve(settings="auth: true") as guarded:
        document = await guarded.get("/openapi.json", {"Authorization": f"Bearer {load_token()}"})
        assert document["security"] == [{"token": []}]
        assert document["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
        free = [
            path for path, one in document["paths"].items() for found in one.values() if found.get("security") == []
        ]
        assert free == ["/health"]
