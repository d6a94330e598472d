"""Values of options that are more than text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click import Context, Parameter


def seconds(context: Context, parameter: Parameter, value: str | None) -> float | None:
    """Take a duration as Go writes it; a callback of options."""
    if value is None:
        return None
    from prox.core.config.units import parse_duration

    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None
