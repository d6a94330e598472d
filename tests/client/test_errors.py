"""Errors between a client and an instance, by the codes that decide how a command exits."""

from __future__ import annotations

import pytest

from prox.client.errors import ApiError, ConnectionLost
from prox.core.errors import NoInstance, ProxError


def test_an_answer_keeps_its_own_code_and_status() -> None:
    found = ApiError("no such process", code="PROCESS_NOT_FOUND", status=404)
    other = ApiError("no", code="OF_A_LATER_VERSION", status=409)
    assert (str(found), found.code, found.status) == ("no such process", "PROCESS_NOT_FOUND", 404)
    assert (other.code, other.status) == ("OF_A_LATER_VERSION", 409)


def test_a_lost_connection_counts_as_no_instance_but_can_be_told_from_it() -> None:
    assert ConnectionLost.code == NoInstance.code
    with pytest.raises(ProxError) as caught:
        raise ConnectionLost("gone")
    assert not isinstance(caught.value, NoInstance)
