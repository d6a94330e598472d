"""``/openapi.json``: the description of the API, generated from the types of the queries and responses.

quart-schema 0.25 is not used: references to nested msgspec types dangle, and it describes only JSON responses.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from quart import Blueprint, Response

from prox._version import __version__
from prox.api.browser_safety import HEALTH_PATH
from prox.api.responses import Failure, json_response

if TYPE_CHECKING:
    from quart_trio import QuartTrio
    from werkzeug.routing import Rule

    from prox.api.settings import ApiSettings

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "_prox_operation"
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The parameters and responses of a route."""

    answer: Any
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    errors: tuple[int, ...] = ()
    media: str = "application/json"
    events: Mapping[str, Any] = field(default_factory=dict)
    """The data of each kind of event, for a stream."""

    def types(self) -> list[Any]:
        answers = [*self.events.values()] if self.events else [self.answer]
        return [*answers, self.body] if self.body else answers


def describe(
    answer: Any,
    *,
    query: type[msgspec.Struct] | None = None,
    body: type[msgspec.Struct] | None = None,
    errors: tuple[int, ...] = (),
    media: str = "application/json",
    events: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Describe a route: its response, query, body, and the errors that are specific to it."""
    operation = Operation(answer=answer, query=query, body=body, errors=errors, media=media, events=events or {})

    def decorate(function: F) -> F:
        setattr(function, _ATTRIBUTE, operation)
        return function

    return decorate


def routes(app: QuartTrio, settings: ApiSettings) -> Blueprint:
    blueprint = Blueprint("openapi", __name__)

    @blueprint.get("/openapi.json")
    @describe(dict[str, Any])
    async def get_openapi() -> Response:
        """Return this description (OpenAPI 3.1)."""
        return json_response(document(app, auth=settings.auth))

    return blueprint


def document(app: QuartTrio, *, auth: bool) -> dict[str, Any]:
    """Return the description of the app's routes. ``auth``: whether they require the token."""
    described = [
        (rule, function, operation)
        for rule in app.url_map.iter_rules()
        for function in [app.view_functions[rule.endpoint]]
        if (operation := getattr(function, _ATTRIBUTE, None)) is not None
    ]
    types = [Failure, *(kind for _, _, operation in described for kind in operation.types())]
    found, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = {str(kind): schema for kind, schema in zip(types, found, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for rule, function, operation in described:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = re.sub(r"<([^>]+)>", r"{\1}", rule.rule)
            paths.setdefault(path, {})[method.lower()] = _described(rule, function, operation, schema_of)
    result: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "prox", "version": __version__, "description": "The API of a running prox."},
        "paths": paths,
        "components": {"schemas": components},
    }
    if auth:
        result["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        result["security"] = [{"token": []}]
        paths[HEALTH_PATH]["get"]["security"] = []
    return result


def _described(
    rule: Rule, function: Callable[..., Any], operation: Operation, schema_of: dict[str, Any]
) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(function) or "").partition("\n")
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(rule.arguments)
    ]
    described = {
        "operationId": function.__name__,
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": summary,
        "description": description.strip(),
        "parameters": named + (_parameters(operation.query) if operation.query else []),
        "responses": _responses(operation, schema_of),
    }
    if operation.body:
        content = {"application/json": {"schema": schema_of[str(operation.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([query])
    parameters = []
    for name, schema in components[query.__name__]["properties"].items():
        kinds = [kind for kind in schema.get("anyOf", [schema]) if kind != {"type": "null"}]
        shown = dict(kinds[0])
        description = shown.pop("description", "")
        parameters.append(
            {"name": name, "in": "query", "description": description, "allowEmptyValue": True, "schema": shown}
        )
    return parameters


def _responses(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    def answer(description: str, media: str, schema: Any) -> dict[str, Any]:
        return {"description": description, "content": {media: {"schema": schema}}}

    failure = schema_of[str(Failure)]
    if operation.events:
        data = {name: schema_of[str(kind)] for name, kind in operation.events.items()}
        done = answer("Server-sent events; `x-events` describes the data of each kind.", _EVENTS, {"type": "string"})
        done["content"][_EVENTS]["x-events"] = data
    else:
        done = answer("Done.", operation.media, schema_of[str(operation.answer)])
    responses = {"200": done}
    for status in operation.errors:
        responses[str(status)] = answer(HTTPStatus(status).phrase, "application/json", failure)
    responses["default"] = answer("Any other error.", "application/json", failure)
    return responses
