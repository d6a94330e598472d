"""`prox completion`: print the script with which a shell completes commands and options."""

from __future__ import annotations

import click

from prox.cli.group import COMPLETION_VARIABLE
from prox.cli.group import prox as program

_WHERE = {
    "bash": 'eval "$(prox completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(prox completion zsh)" in ~/.zshrc',
    "fish": "prox completion fish > ~/.config/fish/completions/prox.fish",
}


@click.command(epilog="; ".join(f"{shell}: {what}" for shell, what in _WHERE.items()))
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(program, {}, "prox", COMPLETION_VARIABLE).source())
