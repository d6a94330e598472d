"""`prox config`: check prox.yaml and print the complete configuration."""

from __future__ import annotations

import click

from prox.cli.output import print_json, say, warn
from prox.cli.project import load_project


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of prox.yaml; needs no prox.yaml.")
def config(as_json: bool, schema: bool) -> None:
    """Check prox.yaml and print the complete configuration as YAML that prox would read again."""
    if schema:
        from prox.core.config.schema import json_schema

        print_json(json_schema())
        return
    from prox.core.config.config_warnings import doubts
    from prox.core.config.dump import to_plain, to_yaml

    loaded = load_project()
    for doubt in doubts(loaded):
        warn(doubt)
    if as_json:
        print_json(to_plain(loaded))
    else:
        say(to_yaml(loaded).rstrip("\n"))
