"""The parameters that select lines, as filters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import prox
from prox.api.errors import InvalidParameter
from prox.api.log_queries import LEVEL_LIST, WantedLines, last_event_id, log_filter, wanted_levels, wanted_names
from prox.core.errors import UnknownProcess
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path


def test_a_query_without_restrictions_is_a_filter_without() -> None:
    wanted = log_filter(WantedLines(), None)
    assert (wanted.processes, wanted.stream, wanted.matches, wanted.levels, wanted.since) == (None,) * 5


def test_levels() -> None:
    assert wanted_levels("") is None
    assert wanted_levels(" Error,, warn ") == {"error", "warn"}
    with pytest.raises(InvalidParameter, match="not 'loud'"):
        wanted_levels("error,loud")
    assert re.fullmatch(LEVEL_LIST, "error,debug")
    assert not re.fullmatch(LEVEL_LIST, "error,")


def test_names_stand_for_processes_groups_and_further_names(tmp_path: Path) -> None:
    text = "processes: {a: {cmd: exit 0, groups: [both]}, b: {cmd: exit 0, groups: [both]}}"
    supervisor = Supervisor(prox.parse_config(text, folder=tmp_path), folder=tmp_path)
    assert wanted_names("", supervisor) is None
    assert wanted_names("a,", supervisor) == {"a"}
    assert wanted_names("both,system", supervisor) == {"a", "b", "system"}
    assert wanted_names("gone", supervisor, ["gone"]) == {"gone"}
    with pytest.raises(UnknownProcess):
        wanted_names("gone", supervisor)


@pytest.mark.parametrize("header", ["x", "-1", "1" * 20, "１"])
def test_an_id_that_is_none(header: str) -> None:
    with pytest.raises(InvalidParameter):
        last_event_id(header)
    assert (last_event_id(""), last_event_id("12")) == (None, 12)
