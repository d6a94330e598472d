"""The running instance of a project is reused, or refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.testing.reuse import find_reusable
from prox.testing.server import Facts, ServerFailed
from prox.testing.stack import Stack

if TYPE_CHECKING:
    from helpers.project import Project

TEXT = "processes: {web: exec sleep 1000}\n"


def refused(stack: Stack) -> str:
    """Return why an instance cannot be used."""
    assert find_reusable(stack, required=False) is None
    with pytest.raises(ServerFailed) as failure:
        find_reusable(stack, required=True)
    return str(failure.value).removeprefix("--prox-reuse=require: ")


def test_one_with_the_same_configuration_is_used_and_any_other_refused_with_the_reason(project: Project) -> None:
    file = project.write(TEXT)
    stack = Stack(file)
    assert refused(stack) == f"no instance is running in {project.folder}; start one with `prox up -d`"
    with project.up():
        assert find_reusable(stack, required=True) == (project.folder / ".prox", Facts(autostart=("web",)))
        assert "overrides or variables, which the running" in refused(Stack(file, env={"A": "1"}))
        other = project.write(TEXT, "other.yaml")
        assert refused(Stack(other)) == f"the instance in {project.folder} runs {file}, not {other}"
        project.write(TEXT + "# changed\nenv: {A: 1}\n")
        assert refused(stack) == (
            f"the instance in {project.folder} runs an older prox.yaml; `prox reload` applies the changes"
        )
