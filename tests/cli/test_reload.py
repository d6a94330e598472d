"""`prox reload`: what was done is told, and a file with mistakes reaches no instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from helpers.instance import FakeInstance, process
from prox.cli.reload import hint_at_reload
from prox.instance.config_text import current_digest
from prox.instance.folder import InstanceFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

NOTHING: dict[str, list[str]] = {"added": [], "removed": [], "changed": [], "unchanged": ["db"], "ignored": []}


def test_each_difference_is_a_line(instance: FakeInstance, ask: Run) -> None:
    instance.processes(process("new"), process("web"))
    instance.answers["POST /reload"] = NOTHING | {"added": ["new"], "removed": ["old"], "changed": ["web"]}
    ran = ask("reload")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["new added", "old removed", "web changed"]


def test_without_a_difference_nothing_has_changed(instance: FakeInstance, ask: Run) -> None:
    instance.processes(process("db", "crashed"))
    instance.answers["POST /reload"] = NOTHING | {"ignored": ["api", "logs"]}
    ran = ask("reload")
    assert (ran.returncode, ran.stdout) == (0, "nothing has changed\n")
    assert ran.stderr == "prox: api, logs changed; to apply this, run `prox down` and `prox up`\n"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_process_that_could_not_be_started_is_a_failure(
    instance: FakeInstance, ask: Run, options: tuple[str, ...]
) -> None:
    done = NOTHING | {"added": ["new"], "changed": ["web"]}
    instance.processes(process("new", "crashed", reason="no such program"), process("web"), process("db", "crashed"))
    instance.answers["POST /reload"] = done
    ran = ask("reload", *options)
    assert ran.returncode == 1
    if options:
        assert json.loads(ran.stdout) == done
    else:
        assert ran.stderr == "prox: new was not started: no such program\n"


def test_a_file_with_mistakes_is_not_sent(folder: Path, prox: Run) -> None:
    file = folder / "prox.yaml"
    file.write_text("processes: {web: {cmd: x, prot: 80}}")
    file.chmod(0o644)
    with InstanceFolder(folder / ".prox") as lock, FakeInstance(lock.instance) as instance:
        lock.write_state(host="127.0.0.1", port=instance.port, config_file=str(file), started_at=0.0)
        instance.answers["GET /status"] |= {"config_file": str(file), "project_dir": str(folder)}
        ran = prox("reload")
        assert (ran.returncode, ran.stdout) == (78, "")
        assert "did you mean 'port'?" in ran.stderr
        assert instance.requests == []


def test_a_changed_file_is_hinted_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(folder / "prox.yaml")
    Path(file).write_text("processes: {web: x}")
    Path(file).chmod(0o644)
    hint_at_reload({"config_file": file, "config_digest": current_digest(file)})
    hint_at_reload({"config_file": None, "config_digest": None})
    hint_at_reload({"config_file": file})
    hint_at_reload({"config_file": file + ".none", "config_digest": "0"})
    assert capsys.readouterr().err == ""
    hint_at_reload({"config_file": file, "config_digest": "0"})
    assert capsys.readouterr().err == f"prox: {file} has changed since it was loaded; `prox reload` applies it\n"
