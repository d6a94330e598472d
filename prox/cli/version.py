"""`prox version`: print the version."""

from __future__ import annotations

import platform

import click

from prox._version import __version__
from prox.cli.output import print_json, say


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": __version__, "python": platform.python_version(), "api_version": "v1"})
    else:
        say(f"prox {__version__}")
