"""The documented schema of ``run.json`` is that of its types."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from prox.core.runs.record import RunRecord

SCHEMA = Path(__file__).parents[3] / "docs" / "run.schema.json"


def test_the_schema_in_the_docs_is_that_of_the_types() -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(RunRecord)}
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema))
