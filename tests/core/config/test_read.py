"""The meaning of each key, its default, and the message for an invalid value."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.config import EVERY_KEY, FOLDER, config_of, problems_of
from prox.core.config.model import (
    Api,
    Capture,
    Certs,
    Config,
    Dependency,
    EnvFile,
    HealthCheck,
    HttpReset,
    Job,
    ListenFd,
    Logs,
    ProcessSpec,
    Proxy,
    Restart,
    Service,
    Stop,
    Watch,
)

KIB, MIB = 1024, 1024**2


def process_of(key: str) -> ProcessSpec:
    return config_of(f"processes:\n  web:\n    cmd: x\n    {key}\n  other: y\njobs: {{j: z}}\n").processes["web"]


def test_the_example_of_the_contract() -> None:
    config = config_of(EVERY_KEY)
    assert (config.folder, config.file) == (FOLDER, None)
    assert config.api == Api(host="127.0.0.1", port=5555, auth=False, allowed_hosts=())
    assert config.env_file == (EnvFile(".env"),)
    assert config.env == {"TZ": "UTC"}
    assert config.shutdown_timeout == 10.0
    assert config.logs == Logs(dir=".prox/logs", max_size=10 * MIB, keep=3, buffer_lines=1000, buffer_bytes=MIB)
    assert config.processes["web"] == ProcessSpec(cmd="npm run dev")
    assert config.processes["worker"] == ProcessSpec(cmd=("python", "worker.py"))
    assert config.processes["said"].port == ListenFd(3)
    assert config.processes["api"] == ProcessSpec(
        cmd="uvicorn app:app --port $PORT",
        description="The HTTP API",
        cwd="services/api",
        env={"DEBUG": "true"},
        env_file=(EnvFile(".env.api"),),
        port="auto",
        fixed=False,
        healthcheck=HealthCheck(
            http="/health",
            status=(200, 401),
            interval=10.0,
            timeout=5.0,
            retries=3,
            start_period=30.0,
            start_interval=0.5,
        ),
        depends_on={
            "db": Dependency(condition="healthy"),
            "cache": Dependency(condition="started"),
            "migrate": Dependency(condition="completed"),
            "seed": Dependency(condition="finished"),
            "queue": Dependency(condition="healthy", restart=True),
            "mq": Dependency(condition="log", log="ready$"),
        },
        restart=Restart(policy="on-failure", max=5, backoff=0.5, max_backoff=30.0, reset_after=10.0),
        stop=Stop(signal="SIGTERM", timeout=10.0, cmd="nginx -s quit", leftovers="kill"),
        watch=Watch(paths=("src",), ignore=("**/*.pyc",), debounce=0.2),
        start_timeout=300.0,
        autostart=True,
        groups=("backend",),
        fail_on_log="Traceback|panic:",
        reset="psql -c 'truncate …'",
        per_worker=False,
        tty=False,
    )
    assert config.processes["admin"].reset == HttpReset("POST /reset")
    assert config.jobs["migrate"] == Job(cmd="alembic upgrade head")
    assert config.jobs["seed"] == Job(cmd=("python", "seed.py"))
    assert config.jobs["e2e"] == Job(
        cmd="pytest e2e",
        depends_on={"api": Dependency(condition="healthy")},
        timeout=600.0,
        retries=1,
        success_codes=(0,),
        allow_failure=False,
        slots=1,
        lock="browser",
        junit="out/*.xml",
    )
    assert config.proxy == Proxy(
        enabled=True,
        host="127.0.0.1",
        http_port=6788,
        https_port=6789,
        domain="local.myapp.dev",
        wait=30.0,
        trust=(),
        capture=Capture(enabled=True, max_body_size=MIB),
    )
    assert config.services == {
        "app": Service(port=3000, host="localhost"),
        "api": Service(port=8000, host="localhost"),
        "admin": Service(process="api"),
    }
    assert config.certs == Certs(dir="~/.prox/certs", auto_generate=True, export=False)


def test_the_defaults_of_the_contract() -> None:
    config = config_of("processes: {web: x}\njobs: {j: y}\nproxy: {domain: localhost}")
    assert config == Config(
        folder=FOLDER,
        api=Api(host="127.0.0.1", port=None, auth=None, allowed_hosts=()),
        env_file=(),
        env={},
        shutdown_timeout=10.0,
        logs=Logs(dir=".prox/logs", max_size=10 * MIB, keep=3, buffer_lines=1000, buffer_bytes=MIB),
        processes={
            "web": ProcessSpec(
                cmd="x",
                description="",
                cwd=".",
                env={},
                env_file=(),
                port=None,
                fixed=False,
                healthcheck=None,
                depends_on={},
                restart=Restart(policy="no", max=5, backoff=0.5, max_backoff=30.0, reset_after=10.0),
                stop=Stop(signal="SIGTERM", timeout=None, cmd=None, leftovers="kill"),
                watch=None,
                start_timeout=300.0,
                autostart=True,
                groups=(),
                fail_on_log=None,
                reset=None,
                per_worker=False,
                tty=False,
            )
        },
        jobs={
            "j": Job(
                cmd="y", timeout=None, retries=0, success_codes=(0,), allow_failure=False, slots=1, lock=None,
                junit=None,
            )
        },
        proxy=Proxy(
            enabled=False, host="127.0.0.1", http_port=None, https_port=None, domain="localhost", wait=30.0, trust=(),
            capture=Capture(enabled=True, max_body_size=MIB),
        ),
        certs=Certs(dir="~/.prox/certs", auto_generate=True, export=False),
    )  # fmt: skip
    assert process_of("healthcheck: {tcp: 80}").healthcheck == HealthCheck(
        tcp=80, interval=10.0, timeout=5.0, retries=3, start_period=30.0, start_interval=0.5
    )
    assert process_of("watch: [src]").watch == Watch(paths=("src",), ignore=(), debounce=0.2)
    assert config_of("jobs: {j: y}").proxy is None


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("cmd: [echo, 5, true, 'a b', '']", "cmd", ("echo", "5", "true", "a b", "")),
        ("cmd: true", "cmd", "true"),
        ("cmd: '5'", "cmd", "5"),
        ("port: 080", "port", 80),
        ("port: 8_080", "port", 8080),
        ("port: auto", "port", "auto"),
        ("port: {fd: 3}", "port", ListenFd(3)),
        ("fixed: yes", "fixed", True),
        ("fixed: on", "fixed", True),
        ("fixed: False", "fixed", False),
        ("env: {A: 0123, B: 1.0, C: yes, D: 1_000, E: , F: null, G: ~, H: '', I: 2001-01-01, 5: x}", "env",
         {"A": "0123", "B": "1.0", "C": "yes", "D": "1_000", "E": "", "F": "null", "G": "~", "H": "",
          "I": "2001-01-01", "5": "x"}),
        ("env: {A: &a one, B: *a}", "env", {"A": "one", "B": "one"}),
        ("env_file: .env", "env_file", (EnvFile(".env"),)),
        ("env_file: ?.env", "env_file", (EnvFile(".env", optional=True),)),
        ("env_file: [.env, ?.env.local, '?5', 6]", "env_file",
         (EnvFile(".env"), EnvFile(".env.local", True), EnvFile("5", True), EnvFile("6"))),
        ("healthcheck: {tcp: True, timeout: 1s}\n    port: 80", "healthcheck", HealthCheck(tcp=True, timeout=1.0)),
        ("healthcheck: {tcp: 'db:5432'}", "healthcheck", HealthCheck(tcp="db:5432")),
        ("healthcheck: {tcp: '[::1]:80'}", "healthcheck", HealthCheck(tcp="[::1]:80")),
        ("healthcheck: {http: 'https://[::1]:80/x?y', status: []}", "healthcheck",
         HealthCheck(http="https://[::1]:80/x?y")),
        ("healthcheck: {cmd: [curl, x]}", "healthcheck", HealthCheck(cmd=("curl", "x"))),
        ("healthcheck: {log: 5, start_period: 0}", "healthcheck", HealthCheck(log="5", start_period=0.0)),
        ("healthcheck: {notify: TRUE}", "healthcheck", HealthCheck(notify=True)),
        ("depends_on: [other, j]", "depends_on",
         {"other": Dependency(condition="started"), "j": Dependency(condition="completed")}),
        ("depends_on: {other: , j: {restart: true}}", "depends_on",
         {"other": Dependency(condition="started"), "j": Dependency(condition="completed", restart=True)}),
        ("depends_on: {other: {condition: log, log: x}}", "depends_on",
         {"other": Dependency(condition="log", log="x")}),
        ("restart: no", "restart", Restart()),
        ("restart: 'no'", "restart", Restart()),
        ("restart: unhealthy", "restart", Restart(policy="unhealthy")),
        ("restart: {policy: no, max: 0}", "restart", Restart(policy="no", max=0)),
        ("stop: {signal: int}", "stop", Stop(signal="SIGINT")),
        ("stop: {timeout: 0s, cmd: [nginx, -s, quit], leftovers: ignore}", "stop",
         Stop(timeout=0.0, cmd=("nginx", "-s", "quit"), leftovers="ignore")),
        ("watch: [src, '.']", "watch", Watch(paths=("src", "."))),
        ("groups: [a, 5, no]", "groups", ("a", "5", "no")),
        ("reset: [psql, x]", "reset", ("psql", "x")),
        ("reset: {http: DELETE /all}", "reset", HttpReset("DELETE /all")),
        ("description: ''", "description", ""),
    ],
)  # fmt: skip
def test_values_of_a_process(written: str, key: str, value: Any) -> None:
    text = f"processes:\n  web:\n    {written}\n" + ("" if key == "cmd" else "    cmd: x\n")
    found = config_of(f"{text}  other: y\njobs: {{j: z}}\n").processes["web"]
    assert getattr(found, key) == value


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("api: {port: 0, auth: true, allowed_hosts: [a, b]}", "api", Api(port=0, auth=True, allowed_hosts=("a", "b"))),
        ("logs: {dir: false, max_size: 64KB, keep: 0}", "logs", Logs(dir=False, max_size=64 * KIB, keep=0)),
        ("logs: {dir: False, buffer_lines: 1, buffer_bytes: 512}", "logs",
         Logs(dir=False, buffer_lines=1, buffer_bytes=512)),
        ("logs: {dir: 'false'}", "logs", Logs(dir="false")),
        ("shutdown_timeout: 1h30m", "shutdown_timeout", 5400.0),
        ("env_file: [a, '?b']", "env_file", (EnvFile("a"), EnvFile("b", True))),
        ("services: {app: {port: 80, host: db}}", "services", {"app": Service(port=80, host="db")}),
        ("services: {5: 80}", "services", {"5": Service(port=80)}),
        ("proxy: {domain: LocalHost., trust: [10.0.0.0/8, '::1'], wait: 0s}", "proxy",
         Proxy(enabled=False, domain="localhost", trust=("10.0.0.0/8", "::1"), wait=0.0)),
        ("certs: {dir: certs, auto_generate: no, export: yes}", "certs",
         Certs(dir="certs", auto_generate=False, export=True)),
        ("jobs: {j: {cmd: [x], timeout: 1s, success_codes: [0, 255], lock: a}}", "jobs",
         {"j": Job(cmd=("x",), timeout=1.0, success_codes=(0, 255), lock="a")}),
    ],
)  # fmt: skip
def test_values_of_sections(written: str, key: str, value: Any) -> None:
    assert getattr(config_of(f"processes: {{web: x}}\n{written}"), key) == value


@pytest.mark.parametrize("key", ["env", "env_file", "depends_on", "restart", "stop", "groups"])
def test_a_key_of_a_process_under_which_all_is_commented_out(key: str) -> None:
    assert process_of(f"{key}:\n    # nothing") == ProcessSpec(cmd="x")


@pytest.mark.parametrize("key", ["api", "env", "env_file", "logs", "jobs", "services", "certs"])
def test_a_section_in_which_all_is_commented_out(key: str) -> None:
    assert config_of(f"processes: {{web: x}}\n{key}:\n") == config_of("processes: {web: x}")


@pytest.mark.parametrize(
    "name", ["a", "0", "A-b_c.d", "web-1", "n" * 63, "process", "cmd", "yes", "1.0"]
)  # fmt: skip
def test_names(name: str) -> None:
    config = config_of(f"processes:\n  {name}: x\n")
    assert list(config.processes) == [name]
    assert list(config_of(f"jobs:\n  {name}: x\n").jobs) == [name]


@pytest.mark.parametrize("name", ["", "-a", "_a", ".a", "a b", "a/b", "é", "n" * 64, "a\\n", "a:b"])
def test_invalid_names(name: str) -> None:
    wrong = "is not a valid name: at most 63 letters, digits, _, - and ., a letter or digit first"
    for section in ("processes", "jobs"):
        (problem,) = problems_of(f'{section}:\n  "{name}": x\n')
        assert problem.startswith(f"prox.yaml:2:3: {section}.{name[:80]}: ")
        assert problem.endswith(wrong)
    (problem,) = problems_of(f'processes:\n  web: {{cmd: x, groups: ["{name}"]}}\n')
    assert problem.startswith("prox.yaml:2:26: processes.web.groups[0]: ")
    assert problem.endswith(wrong)
    assert wrong in problems_of(f'processes: {{web: x}}\nservices: {{app: {{process: "{name}"}}}}')[0]


def test_the_name_of_prox_itself() -> None:
    wrong = "'system' is reserved for prox's own lines; choose another name"
    assert problems_of("processes: {system: x}\njobs: {system: y}\n") == [
        f"prox.yaml:1:13: processes.system: {wrong}",
        f"prox.yaml:2:8: jobs.system: {wrong}",
    ]
    assert problems_of("processes: {a: {cmd: x, groups: [system]}}") == [
        f"prox.yaml:1:34: processes.a.groups[0]: {wrong}"
    ]


@pytest.mark.parametrize("name", ["App", "a.b", "-a", "a-", "a_b", "", "n" * 64])
def test_invalid_service_names(name: str) -> None:
    (problem,) = problems_of(f"processes: {{web: x}}\nservices:\n  '{name}': 80\n")
    assert problem == (
        f"prox.yaml:3:3: services.{name}: {name!r} is not a valid service name:"
        " at most 63 of a-z, 0-9 and -, no - at its ends"
    )
