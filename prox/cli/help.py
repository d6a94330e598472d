"""`prox help`: the same as `--help`."""

from __future__ import annotations

import click

from prox.cli.output import say


@click.command("help")
@click.argument("command", required=False)
def help_command(command: str | None) -> None:
    """Show the help of prox, or of COMMAND."""
    context = click.get_current_context().find_root()
    group = context.command
    if command is None:
        say(context.get_help())
        return
    assert isinstance(group, click.Group)
    name, found, _ = group.resolve_command(context, [command])
    assert found is not None
    say(found.get_help(click.Context(found, info_name=name, parent=context)))
