"""Rules over the whole file; consequences of an error are not reported again."""

from __future__ import annotations

import pytest

from helpers.config import config_of, problems_of
from prox.core.config.model import Dependency

NOTHING = "there must be at least one process or job"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "1:1"),
        ("api: {}", "1:1"),
        ("processes:", "1:1"),
        ("jobs:", "1:1"),
        ("env: {}\nprocesses: {}\njobs: {}", "2:1"),
    ],
)
def test_there_is_something_to_run(text: str, place: str) -> None:
    assert problems_of(text) == [f"prox.yaml:{place}: processes: {NOTHING}"]


def test_a_job_alone_is_enough() -> None:
    assert list(config_of("jobs: {test: pytest}").jobs) == ["test"]


def test_processes_jobs_and_groups_have_one_name_space() -> None:
    text = (
        "processes:\n"
        "  web: x\n"
        "  api: {cmd: y, groups: [backend, web]}\n"
        "jobs:\n"
        "  web: z\n"
        "  test:\n"
        "    cmd: t\n"
        "    groups:\n"
        "    - fine\n"
        "    - test\n"
        "    - web\n"
    )
    assert problems_of(text) == [
        "prox.yaml:3:35: processes.api.groups: 'web' is the name of a process",
        "prox.yaml:5:8: jobs.web: duplicate name: 'web' is also a process",
        "prox.yaml:10:7: jobs.test.groups: 'test' is the name of a job",
        "prox.yaml:11:7: jobs.test.groups: 'web' is the name of a process",
    ]


def test_a_group_may_have_many_members() -> None:
    config_of("processes:\n  a: {cmd: x, groups: [g, h]}\n  b: {cmd: x, groups: [g]}\njobs: {c: {cmd: x, groups: [g]}}")


@pytest.mark.parametrize(
    ("depends_on", "column", "name", "message"),
    [
        ("[databas]", 18, "databas", "no process or job named 'databas' (did you mean 'database'?)"),
        ("[nothing]", 18, "nothing", "no process or job named 'nothing'"),
        ("[database, ~x]", 28, "~x", "no process or job named '~x'"),
        ("{migrat: started}", 26, "migrat", "no process or job named 'migrat' (did you mean 'migrate'?)"),
        ("{backend: }", 18, "backend", "no process or job named 'backend'"),
        ("{database: healthy}", 28, "database", "database has no healthcheck, so it cannot become healthy"),
        ("{migrate: {condition: healthy}}", 18, "migrate", "migrate has no healthcheck, so it cannot become healthy"),
        ("[web]", 18, "web", "dependency cycle: web → web"),
    ],
)
def test_invalid_dependencies(depends_on: str, column: int, name: str, message: str) -> None:
    text = (
        "processes:\n"
        f"  web:\n    cmd: x\n    depends_on: {depends_on}\n"
        "  database: {cmd: y, groups: [backend]}\njobs: {migrate: z}\n"
    )
    assert problems_of(text) == [f"prox.yaml:4:{column}: processes.web.depends_on.{name}: {message}"]


def test_default_conditions_of_dependencies() -> None:
    text = (
        "processes:\n"
        "  web: {cmd: x, depends_on: [checked, plain, job, checked2]}\n"
        "  map: {cmd: x, depends_on: {checked: , plain: {}, job: {restart: true}}}\n"
        "  checked: {cmd: x, healthcheck: {tcp: 80}}\n"
        "  checked2: {<<: {healthcheck: {tcp: 81}}, cmd: x}\n"
        "  plain: x\n"
        "jobs: {job: x, test: {cmd: x, depends_on: [checked]}}\n"
    )
    config = config_of(text)
    assert {name: each.condition for name, each in config.processes["web"].depends_on.items()} == {
        "checked": "healthy", "plain": "started", "job": "completed", "checked2": "healthy"
    }  # fmt: skip
    assert config.processes["map"].depends_on == {
        "checked": Dependency(condition="healthy"),
        "plain": Dependency(condition="started"),
        "job": Dependency(condition="completed", restart=True),
    }
    assert config.jobs["test"].depends_on == {"checked": Dependency(condition="healthy")}


def test_a_cycle_is_shown_whole_and_once() -> None:
    text = (
        "processes:\n"
        "  in: {cmd: x, depends_on: [a]}\n"
        "  a: {cmd: x, depends_on: [out, b]}\n"
        "  b: {cmd: x, depends_on: {c: started}}\n"
        "  out: x\n"
        "jobs:\n"
        "  c: {cmd: x, depends_on: [out, a]}\n"
        "  lone: {cmd: x, depends_on: [lone]}\n"
    )
    assert problems_of(text) == [
        "prox.yaml:3:33: processes.a.depends_on.b: dependency cycle: a → b → c → a",
        "prox.yaml:8:31: jobs.lone.depends_on.lone: dependency cycle: lone → lone",
    ]


@pytest.mark.parametrize(
    ("process", "message"),
    [
        ("wbe", "no process named 'wbe' (did you mean 'web'?)"),
        ("test", "no process named 'test'"),
        ("idle", "idle has no port; set processes.idle.port"),
    ],
)
def test_a_service_leads_to_a_process_with_a_port(process: str, message: str) -> None:
    text = "processes: {web: {cmd: x, port: auto}, idle: y}\njobs: {test: {cmd: x, port: 80}}\nservices:\n  app: "
    assert problems_of(f"{text}{{process: {process}}}") == [f"prox.yaml:4:18: services.app.process: {message}"]
    config_of(f"{text}{{process: web}}")


def test_no_port_is_given_twice() -> None:
    text = (
        "processes:\n"
        "  a: {cmd: x, port: 8080}\n"
        "  b: {cmd: x, port: 8080}\n"
        "  c: {cmd: x, port: auto}\n"
        "  d: {cmd: x, port: auto}\n"
        "jobs:\n"
        "  e: {cmd: x, port: 8080}\n"
        "proxy: {domain: localhost, http_port: 80, https_port: 80}\n"
        "api: {port: 8080}\n"
        "services: {app: 8080}\n"
    )
    assert problems_of(text) == [
        "prox.yaml:3:21: processes.b.port: port 8080 is already used by processes.a.port",
        "prox.yaml:7:21: jobs.e.port: port 8080 is already used by processes.a.port",
        "prox.yaml:8:55: proxy.https_port: port 80 is already used by proxy.http_port",
        "prox.yaml:9:13: api.port: port 8080 is already used by processes.a.port",
    ]


def test_an_api_on_any_free_port_takes_none() -> None:
    config_of("processes: {a: {cmd: x, port: 5555}}\napi: {port: 0}")
    config_of("processes: {a: {cmd: x, port: 5555}}")


def test_what_is_laid_over_the_file_comes_after_it() -> None:
    assert problems_of("api: {port: 1}\nprocesses: {a: {cmd: x, port: 2}}", "api: {port: 2}\n") == [
        "prox.override.yaml:1:13: api.port: port 2 is already used by processes.a.port"
    ]


def test_no_two_ports_are_told_in_one_variable() -> None:
    text = "processes:\n  web-1: {cmd: x, port: 1}\n  WEB.1: {cmd: x, port: auto}\n  web_1: x\n"
    assert problems_of(text) == [
        "prox.yaml:3:25: processes.WEB.1.port: PROX_PORT_WEB_1 would name this port and that of web-1; "
        "rename one of the processes"
    ]


@pytest.mark.parametrize(("key", "value", "column"), [("tcp", "true", 24), ("http", "/health", 25)])
def test_a_check_of_its_own_port_needs_one(key: str, value: str, column: int) -> None:
    text = f"processes:\n  web:\n    cmd: x\n    healthcheck: {{{key}: {value}}}\n"
    assert problems_of(text) == [
        f"prox.yaml:4:{column}: processes.web.healthcheck.{key}:"
        " checks the process's own port, but it has none; set processes.web.port"
    ]
    for port in ("80", "auto", "{fd: 3}"):
        config_of(f"{text}    port: {port}\n")


@pytest.mark.parametrize(
    "text",
    [
        "proceses: {web: x}\njobs: {j: {cmd: y, depends_on: [web]}}\nservices: {app: {process: web}}",
        "processes: 5\njobs: {j: {cmd: y, depends_on: [web]}}\nservices: {app: {process: web}}",
        "processes: 5",
        "job: {j: x}",
        "processes: {web: 5, api: {cmd: x, depends_on: [web]}}",
        "processes: {'a b': x}\njobs: {j: {cmd: x, depends_on: ['a b']}}",
        "processes: {web: x, api: {cmd: x, depends_on: [job]}}\njobs: [job]",
        "processes: {web: x}\nprocesses: {db: x}\njobs: {j: {cmd: x, depends_on: [db]}}",
        "processes: {web: {cmd: x, prt: 80, healthcheck: {tcp: true}}}\nservices: {app: {process: web}}",
        "processes: {web: {cmd: x, port: 0, healthcheck: {http: /}}}\nservices: {app: {process: web}}",
        "processes: {web: {cmd: x, port: {fdd: 3}, healthcheck: {http: /}}}\nservices: {app: {process: web}}",
        "processes: {web: {cmd: x, helthcheck: {tcp: 1}}, api: {cmd: x, depends_on: {web: healthy}}}",
        "processes: {web: {cmd: x, healthcheck: [tcp]}, api: {cmd: x, depends_on: {web: healthy}}}",
        "processes: {web: {cmd: x, healthcheck: {tcp: x}}, api: {cmd: x, depends_on: [web]}}",
        "processes: {web: {cmd: x, healthcheck: {tpc: true}}, api: {cmd: x, depends_on: {web: healthy}}}",
        "processes: {web: {cmmd: x}, api: {cmd: x, depends_on: [web]}}",
        "processes: {web: {cmd: x, port: 80}}\nservices: {app: {proces: web}}",
    ],
)
def test_one_error_is_reported_once(text: str) -> None:
    assert len(problems_of(text)) == 1


def test_values_beside_an_error_are_still_checked() -> None:
    text = (
        "processes:\n"
        "  web: {env: [], depends_on: [nowhere]}\n"
        "  api: {cmd: 5, port: 80, healthcheck: {interval: soon, tcp: 1, log: (}}\n"
        "  db: {cmd: x, port: 80, groups: [a b, api]}\n"
        "prox: {}\n"
    )
    assert problems_of(text) == [
        "prox.yaml:2:3: processes.web: `cmd` is missing",
        "prox.yaml:2:14: processes.web.env: must be a mapping of variables: {NAME: value}",
        "prox.yaml:2:31: processes.web.depends_on.nowhere: no process or job named 'nowhere'",
        "prox.yaml:3:14: processes.api.cmd: must be a command: a string, or a list of words, not 5; put it in quotes",
        "prox.yaml:3:51: processes.api.healthcheck.interval:"
        " must be a duration such as 500ms, 10s or 1h30m, not 'soon'",
        "prox.yaml:3:70: processes.api.healthcheck.log: conflicts with `tcp`:"
        " exactly one of cmd, http, tcp, log, notify is allowed",
        "prox.yaml:3:70: processes.api.healthcheck.log:"
        " the pattern '(' is not a regular expression (RE2): missing ): (",
        "prox.yaml:4:22: processes.db.port: port 80 is already used by processes.api.port",
        "prox.yaml:4:35: processes.db.groups[0]: 'a b' is not a valid name:"
        " at most 63 letters, digits, _, - and ., a letter or digit first",
        "prox.yaml:4:40: processes.db.groups: 'api' is the name of a process",
        "prox.yaml:5:1: prox: is an unknown key (did you mean 'proxy'?)",
    ]
