"""Parsers of option values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click import Context, Parameter


def seconds(context: Context, parameter: Parameter, value: str | None) -> float | None:
    """Parse a duration in Go's syntax to seconds; a click callback."""
    if value is None:
        return None
    from prox.core.config.units import parse_duration

    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None
