"""Options that are durations."""

from __future__ import annotations

import click
import pytest

from prox.cli.parameters import seconds

OPTION = click.Option(["--timeout"], callback=seconds)
CONTEXT = click.Context(click.Command("wait", params=[OPTION]))


@pytest.mark.parametrize(("text", "value"), [(None, None), ("5s", 5.0), ("1m500ms", 60.5), ("0", 0.0)])
def test_a_duration_is_in_seconds(text: str | None, value: float | None) -> None:
    assert seconds(CONTEXT, OPTION, text) == value


@pytest.mark.parametrize("text", ["", "5", "-1s", "soon"])
def test_anything_else_is_bad_usage_that_names_the_option(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        seconds(CONTEXT, OPTION, text)
    assert caught.value.format_message().startswith("Invalid value for '--timeout': ")
