"""schemathesis, a program that no one here wrote, over the description: no 5xx, no answer outside the schema.

What it sends is the same in each run. Of its checks one is left out, positive_data_acceptance: a regular expression
or an instant that is none is a string like any other for a schema, and refused all the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import schemathesis
import trio
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from prox.instance.token import load_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Serve

SECONDS = 90


async def test_every_operation_that_comes_to_an_end(serve: Serve, tmp_path: Path) -> None:
    """With the token, and without, which no operation but one may answer."""
    async with serve(settings="auth: true", seconds=SECONDS) as api:
        token = {"Authorization": f"Bearer {load_token()}"}
        # From a file: where it is given a route for the description, it leaves that one out.
        description = tmp_path / "openapi.json"
        description.write_text(json.dumps(await api.get("/openapi.json", token)))
        command = [
            Path(sys.executable).with_name("schemathesis"),
            *("--no-color", "run", description, f"--url=http://{api.host}:{api.port}"),
            *(word for name, value in token.items() for word in ("--header", f"{name}: {value}")),
            *("--checks=all", "--exclude-checks=positive_data_acceptance", "--exclude-path-regex=(stream|shutdown)$"),
            *("--generation-deterministic", "--max-examples=4", "--warnings=off"),
        ]
        ended = await trio.run_process(command, capture_stdout=True, check=False, cwd=tmp_path)
        said = ended.stdout.decode()
        assert ended.returncode == 0, said
        assert "Operations:       21 selected / 25 total" in said
        # It has learned the names, and so processes came and went.
        assert all(process["restarts"] for process in (await api.get("/processes", token))["processes"])
        assert (await api.get("/logs?process=system&pattern=failed", token))["logs"] == []


async def test_streams_as_far_as_they_begin(serve: Serve) -> None:
    def check(case: schemathesis.Case, response: requests.Response) -> None:
        if response.status_code == 200:
            assert response.headers["Content-Type"] == "text/event-stream"
            assert next(response.iter_content(4)) == b": pr"
        else:
            case.validate_response(response, excluded_checks=[positive_data_acceptance])

    async with serve(seconds=SECONDS) as api:
        await trio.to_thread.run_sync(ask_all, api.supervisor.api_url, "stream$", 3, check)


async def test_shutdown(serve: Serve) -> None:
    statuses: set[int] = set()

    def check(case: schemathesis.Case, response: requests.Response) -> None:
        statuses.add(response.status_code)
        if response.status_code == 503:
            assert response.json()["code"] == "SHUTDOWN_IN_PROGRESS"
        else:
            case.validate_response(response)

    # One that takes its time, so that there is somebody to ask again.
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1000; done"
    async with serve(f'shutdown_timeout: 1h\nprocesses: {{api: "{stubborn}"}}', seconds=SECONDS) as api:
        await api.line("api", "ready")
        await trio.to_thread.run_sync(ask_all, api.supervisor.api_url, "shutdown$", 1, check)
        assert api.supervisor.status == "stopping"
        api.supervisor.kill()
    assert 200 in statuses


def ask_all(url: str, path: str, count: int, check: Callable[[schemathesis.Case, requests.Response], None]) -> None:
    """Send what schemathesis makes up for the operations of these paths; ``check`` gets each answer unread."""
    description = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json").include(path_regex=path)
    operations = [found.ok() for found in description.get_all_operations()]
    assert len(operations) == count
    few = settings(
        max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    for operation in operations:
        # Nothing can be wrong where nothing is asked for.
        wrong = [GenerationMode.NEGATIVE] if list(operation.iter_parameters()) else []
        for mode in [GenerationMode.POSITIVE, *wrong]:

            @few
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                with requests.request(**case.as_transport_kwargs(), stream=True, timeout=30) as response:
                    check(case, response)

            ask()
