"""A Procfile, line by line: commands, ports, jobs, and mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.cli.initial.procfile import parse_procfile, read_procfile
from prox.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_blank_lines_and_comments_are_left_out_and_blanks_trimmed() -> None:
    found = parse_procfile("Procfile", "\n# web: old\n   \nweb: serve  -p 1 # c \r\nclock:true\nworker : a: b\n")
    assert found.source == "Procfile"
    assert found.processes == {"web": "serve  -p 1 # c", "clock": "true", "worker": "a: b"}


def test_release_is_a_job_beside_others() -> None:
    found = parse_procfile("Procfile", "release: migrate\nweb: serve\n")
    assert (found.processes, found.jobs) == ({"web": "serve"}, {"release": "migrate"})


def test_without_a_procfile_there_is_nothing(folder: Path) -> None:
    assert read_procfile(folder) is None
    (folder / "Procfile").write_text("# nothing yet\n")
    assert read_procfile(folder) is None


def test_the_procfile_for_development_goes_first(folder: Path) -> None:
    (folder / "Procfile").write_text("web: production\n")
    (folder / "Procfile.dev").write_text("web: development\n")
    found = read_procfile(folder)
    assert found
    assert (found.source, found.processes) == ("Procfile.dev", {"web": "development"})
    (folder / "Procfile.dev").write_text("# the same as Procfile\n")
    found = read_procfile(folder)
    assert found
    assert found.processes == {"web": "production"}


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("web: bin/rails server", True),
        ("web: puma -p 3000", False),
        ("web: next dev --port=3000", False),
        ("web: PORT=3000 node .", False),
        ("web: uvicorn app:app", True),
        ("web: gunicorn -b 0.0.0.0:8000 app", False),
        ("api: node . $PORT", True),
        ("api: node . ${PORT}", True),
        ("api: node . $PORTAL", False),
    ],
)
def test_who_gets_a_port(line: str, port: bool) -> None:
    assert bool(parse_procfile("Procfile", line).with_port) == port


def test_a_lone_release_is_a_process() -> None:
    found = parse_procfile("Procfile", "release: x")
    assert (list(found.processes), found.jobs) == (["release"], {})


def test_all_bad_lines_of_a_procfile_are_told() -> None:
    text = "web: x\nno command\nempty:\nweb: y\n_x: z\nsystem: s\n" + "n" * 64 + ": x\n"
    with pytest.raises(ConfigError) as caught:
        parse_procfile("Procfile", text)
    assert str(caught.value).splitlines() == [
        "Procfile:2:1: is not `name: command`",
        "Procfile:3:1: is not `name: command`",
        "Procfile:4:1: duplicate process 'web'",
        "Procfile:5:1: '_x' is not a valid name: at most 63 letters, digits, _, - and ., a letter or digit first",
        "Procfile:6:1: 'system' is reserved for prox's own lines; rename the process",
        f"Procfile:7:1: '{'n' * 64}' is not a valid name: "
        "at most 63 letters, digits, _, - and ., a letter or digit first",
    ]
