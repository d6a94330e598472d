"""The list of commands, and their common options, accepted before or after the command's name.

A command's module is imported only when it is used, to keep commands fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from prox._version import __version__
from prox.core.spelling import did_you_mean

COMMANDS = {
    "up": ("prox.cli.up:up", "Start all processes, or the named processes and groups."),
    "down": ("prox.cli.down:down", "Stop everything."),
    "start": ("prox.cli.goals:start", "Start processes."),
    "stop": ("prox.cli.goals:stop", "Stop processes; without names, everything."),
    "restart": ("prox.cli.goals:restart", "Restart processes."),
    "reload": ("prox.cli.reload:reload", "Apply a changed prox.yaml."),
    "status": ("prox.cli.status:status", "Show the status of all processes."),
    "logs": ("prox.cli.logs:logs", "Show the newest lines of processes."),
    "wait": ("prox.cli.wait:wait", "Wait until processes are ready."),
    "run": ("prox.cli.run:run", "Run jobs with the processes that they need."),
    "graph": ("prox.cli.graph:graph", "Show which process or job waits for which."),
    "list": ("prox.cli.list:list_instances", "Show every running instance on this machine."),
    "attach": ("prox.cli.attach:attach", "Show a running instance in the terminal UI."),
    "open": ("prox.cli.open:open_command", "Open the dashboard in a browser."),
    "requests": ("prox.cli.requests:requests", "Show the requests that the proxy has recorded."),
    "certs": ("prox.cli.certs:certs", "Show, regenerate or trust the proxy's certificate."),
    "hosts": ("prox.cli.hosts:hosts", "Show, add or remove the proxy's names in the hosts file."),
    "exec": ("prox.cli.exec:exec_command", "Run a command in the environment of a process."),
    "config": ("prox.cli.config:config", "Check prox.yaml and print the complete configuration."),
    "init": ("prox.cli.init:init", "Write a first prox.yaml."),
    "doctor": ("prox.cli.doctor:doctor", "Diagnose problems with this project's setup."),
    "version": ("prox.cli.version:version", "Print the version."),
    "help": ("prox.cli.help:help_command", "Show the help of a command."),
    "completion": ("prox.cli.completion:completion", "Print the completion script of a shell."),
}
COMPLETION_VARIABLE = "_PROX_COMPLETE"
"""The variable set by the scripts of `prox completion`."""

_META = "prox"


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of the options that all commands take; None: not given."""

    config: str | None = None
    project_dir: str | None = None
    addr: str | None = None
    token_file: str | None = None
    no_color: bool = False


def settings() -> Settings:
    """Return the settings of the current command."""
    context = click.get_current_context(silent=True)
    return Settings(**context.meta.get(_META, {})) if context else Settings()


def _store_setting(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        context.meta.setdefault(_META, {})[parameter.name] = value


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_store_setting, **attributes)


def common_options(*, environment: bool) -> list[click.Parameter]:
    """Return the common options. With ``environment``, they fall back to environment variables.

    Options after the command are hidden, and override those before it."""

    def variable(name: str) -> str | None:
        return name if environment else None

    hidden = not environment
    return [
        _option(
            "-c", "--config", metavar="FILE", envvar=variable("PROX_CONFIG"), hidden=hidden,
            help="The configuration file; default: prox.yaml in this directory or the nearest parent.",
        ),
        _option(
            "--project-dir", metavar="DIR", envvar=variable("PROX_PROJECT_DIR"), hidden=hidden,
            help="The project directory; default: the directory of the configuration file.",
        ),
        _option(
            "--addr", metavar="URL", envvar=variable("PROX_ADDR"), hidden=hidden,
            help="The address of an instance; default: that of the project's instance.",
        ),
        _option(
            "--token-file", metavar="FILE", hidden=hidden,
            help="The token for that instance; default: ~/.prox/token, for addresses of this machine.",
        ),
        _option("--no-color", is_flag=True, hidden=hidden, help="No colours."),
    ]  # fmt: skip


class ProxGroup(click.Group):
    """``prox`` itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        taken = {name for parameter in command.params for name in parameter.opts}
        command.params += [
            option for option in common_options(environment=False) if not taken.intersection(option.opts)
        ]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing:
            ctx.fail(f"no command named {name!r}{did_you_mean(name, list(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every command to get its help text.
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        click.echo(f"prox {__version__}")
        context.exit()


_VERSION = click.Option(
    ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Print the version."
)

prox = ProxGroup(
    "prox",
    params=[*common_options(environment=True), _VERSION],
    help="A process supervisor for development, tests and CI: one prox.yaml, nothing left behind.",
    epilog="Options are accepted before or after the command's name. `prox COMMAND --help` lists those of one.",
)
