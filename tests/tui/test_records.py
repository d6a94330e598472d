"""The records of the UI are those of the API: every field that they name exists there."""

from __future__ import annotations

import msgspec
import pytest

from prox.api.log_records import LogRecord
from prox.core.exchanges import RequestRecord as ApiRequest
from prox.core.snapshots import ProcessSnapshot
from prox.tui import records


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (records.Record, LogRecord),
        (records.ProcessRecord, ProcessSnapshot),
        (records.RequestRecord, ApiRequest),
    ],
)
def test_every_field_is_one_of_the_api(kind: type[msgspec.Struct], source: type[msgspec.Struct]) -> None:
    given = {field.name for field in msgspec.structs.fields(source)}
    assert {field.name for field in msgspec.structs.fields(kind)} <= given
