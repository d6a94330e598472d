"""The state that all connections of a proxy share."""

from __future__ import annotations

import dataclasses

import pytest

from prox.proxy.context import ProxyContext


def test_no_connection_can_change_it_for_the_others() -> None:
    context = object.__new__(ProxyContext)
    for field in dataclasses.fields(ProxyContext):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(context, field.name, None)
