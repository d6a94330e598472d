"""Find the running instance of a project for a test session (``--prox-reuse``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.errors import ConfigError, ProxError
from prox.core.runs.stack import harness_facts
from prox.instance.config_text import current_digest
from prox.instance.folder import FOLDER
from prox.instance.project import load_config
from prox.testing.server import Facts, ServerFailed, client_of

if TYPE_CHECKING:
    from pathlib import Path

    from prox.testing.stack import Stack


def find_reusable(stack: Stack, *, required: bool) -> tuple[Path, Facts] | None:
    """Return folder and facts of the instance that runs in the stack's project with the same configuration.

    Return None if there is none; raise ServerFailed with the reason if one is ``required``.
    """
    reason = _why_not(stack)
    if reason is None:
        try:
            return stack.path.parent / FOLDER, Facts.of(harness_facts(load_config(stack.path)))
        except ConfigError as error:
            reason = str(error)
    if required:
        raise ServerFailed(f"--prox-reuse=require: {reason}")
    return None


def _why_not(stack: Stack) -> str | None:
    if not stack.is_plain:
        return "the tests' stack has overrides or variables, which the running instance lacks"
    try:
        status = client_of(stack.path.parent / FOLDER).status()
    except ServerFailed:
        return f"no instance is running in {stack.path.parent}; start one with `prox up -d`"
    except ProxError as error:
        return str(error)
    if status["config_file"] != str(stack.path):
        return f"the instance in {stack.path.parent} runs {status['config_file']}, not {stack.path}"
    if status["config_digest"] != current_digest(str(stack.path)):
        return f"the instance in {stack.path.parent} runs an older {stack.path.name}; `prox reload` applies the changes"
    return None
