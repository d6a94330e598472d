"""Rules within a section: one kind of check, one target of a service, the conditions of the proxy."""

from __future__ import annotations

import pytest

from helpers.config import config_of, problems_of
from prox.core.config.model import Dependency, Restart

ADDRESS = "must be a port, host:port, or true for the process's own port, not "
URL = "must be a path such as /health, or a URL such as http://localhost:8000/, not "
ALL_KINDS = "cmd, http, tcp, log, notify"


def problems_of_check(check: str) -> list[str]:
    """Return what is wrong with a health check, each without what is before its key."""
    prefix = "prox.yaml:4:"
    problems = problems_of(f"processes:\n  web:\n    cmd: x\n    healthcheck: {check}\n    port: 80\n")
    assert all(problem.startswith(prefix) for problem in problems)
    return [problem.removeprefix(prefix).replace("processes.web.", "") for problem in problems]


@pytest.mark.parametrize(
    ("check", "problems"),
    [
        ("", [f"5: healthcheck: needs one of {ALL_KINDS}"]),
        ("{}", [f"5: healthcheck: needs one of {ALL_KINDS}"]),
        ("{interval: 5s}", [f"5: healthcheck: needs one of {ALL_KINDS}"]),
        ("{cmdd: x}", ["19: healthcheck.cmdd: is an unknown key (did you mean 'cmd'?)"]),
        (
            "{tcp: 80, cmd: x}",
            [f"33: healthcheck.cmd: conflicts with `tcp`: exactly one of {ALL_KINDS} is allowed"],
        ),
        (
            "{cmd: x, log: y, notify: true}",
            [
                f"32: healthcheck.log: conflicts with `cmd`: exactly one of {ALL_KINDS} is allowed",
                f"43: healthcheck.notify: conflicts with `cmd`: exactly one of {ALL_KINDS} is allowed",
            ],
        ),
        ("{cmd: x, htp: /}", ["27: healthcheck.htp: is an unknown key (did you mean 'http'?)"]),
        ("{tcp: 80, status: [200]}", ["36: healthcheck.status: requires `http`"]),
        ("{htp: /, status: [200]}", ["19: healthcheck.htp: is an unknown key (did you mean 'http'?)"]),
    ],
)
def test_a_check_is_of_one_kind(check: str, problems: list[str]) -> None:
    assert problems_of_check(check) == problems


@pytest.mark.parametrize(
    "url",
    ["/", "/health?x=y#z", "/a b", "//x", "http://localhost", "http://127.0.0.1:80/x", "https://[::1]:80", "http://bücher.de/",
     "HTTP://X/"],
)  # fmt: skip
def test_urls(url: str) -> None:
    assert problems_of_check(f"{{http: '{url}'}}") == []


@pytest.mark.parametrize(
    "url",
    ["", "health", "localhost:80", "localhost/x", "ftp://x/", "http://", "http:///x", "http://x:99999/", "http://x:0/",
     "http://x:y/", "http://[::1", "http://bü..cher/"],
)  # fmt: skip
def test_invalid_urls(url: str) -> None:
    message = f"{URL}{url!r}" if url else "must not be empty"
    assert problems_of_check(f"{{http: '{url}'}}") == [f"25: healthcheck.http: {message}"]


def test_a_url_with_a_password_is_refused_and_not_shown() -> None:
    assert problems_of_check("{http: 'http://me:hunter2@localhost/'}") == [
        "25: healthcheck.http: must not contain a user or password; use `cmd` with a program that sends them"
    ]


@pytest.mark.parametrize("address", ["80", "db:5432", "127.0.0.1:80", "[::1]:80", "::1:80", "my_db-1.x:1"])
def test_addresses(address: str) -> None:
    assert problems_of_check(f"{{tcp: '{address}'}}") == []


@pytest.mark.parametrize(
    "address",
    ["x", ":80", "db:", "db:0", "db:65536", "db:٣", "a b:80", "http://db:80", "[::1:80:x]:80", "a:b:80", "[]:80"],
)
def test_invalid_addresses(address: str) -> None:
    assert problems_of_check(f"{{tcp: '{address}'}}") == [f"24: healthcheck.tcp: {ADDRESS}{address!r}"]


@pytest.mark.parametrize(
    ("dependency", "column", "key", "message"),
    [
        ("log", 22, "", "the condition log needs a pattern: {log: PATTERN}"),
        ("{condition: log}", 34, ".condition", "the condition log needs a pattern: {log: PATTERN}"),
        ("{condition: started, log: x}", 48, ".log", "cannot be combined with condition 'started'"),
        ("{lgo: x}", 23, ".lgo", "is an unknown key (did you mean 'log'?)"),
        ("{condition: stated, log: x}", 34, ".condition",
         "must be one of completed, finished, healthy, log, started, not 'stated'"),
    ],
)  # fmt: skip
def test_invalid_dependencies(dependency: str, column: int, key: str, message: str) -> None:
    text = f"processes:\n  web:\n    cmd: x\n    depends_on: {{db: {dependency}}}\n  db: y\n"
    assert problems_of(text) == [f"prox.yaml:4:{column}: processes.web.depends_on.db{key}: {message}"]


def test_a_dependency_on_a_line() -> None:
    config = config_of("processes:\n  web: {cmd: x, depends_on: {db: {log: ready$, restart: yes}}}\n  db: y\n")
    assert config.processes["web"].depends_on == {"db": Dependency(condition="log", log="ready$", restart=True)}


@pytest.mark.parametrize(
    ("restart", "column", "key", "message"),
    [
        ("{backoff: 1m}", 24, "backoff", "is longer than max_backoff, which is 30s"),
        ("{max_backoff: 2s, backoff: 3s}", 41, "backoff", "is longer than max_backoff, which is 2s"),
        ("{max_backoff: 100ms}", 28, "max_backoff", "is shorter than backoff, which is 500ms"),
        ("{backoff: soon, max_backoff: 0s}", 24, "backoff",
         "must be a duration such as 500ms, 10s or 1h30m, not 'soon'"),
    ],
)  # fmt: skip
def test_backoff_only_grows(restart: str, column: int, key: str, message: str) -> None:
    text = f"processes:\n  web:\n    cmd: x\n    restart: {restart}\n"
    assert problems_of(text) == [f"prox.yaml:4:{column}: processes.web.restart.{key}: {message}"]


def test_backoff_that_stays_as_it_is() -> None:
    equal = config_of("processes: {web: {cmd: x, restart: {backoff: 2s, max_backoff: 2s}}}").processes["web"]
    assert equal.restart == Restart(backoff=2.0, max_backoff=2.0)


@pytest.mark.parametrize(
    ("proxy", "enabled", "http_port", "https_port"),
    [
        ("", False, None, None),
        ("enabled: true", True, None, 6789),
        ("enabled: false", False, None, None),
        ("http_port: 6788", True, 6788, None),
        ("https_port: 6788", True, None, 6788),
        ("http_port: 1, https_port: 2", True, 1, 2),
        ("enabled: true, http_port: 6788", True, 6788, None),
        ("enabled: true, https_port: 1", True, None, 1),
        ("enabled: false, http_port: 6788", False, 6788, None),
        ("enabled: no, https_port: 6788", False, None, 6788),
    ],
)
def test_when_the_proxy_is_on(proxy: str, enabled: bool, http_port: int | None, https_port: int | None) -> None:
    found = config_of(f"processes: {{web: x}}\nproxy: {{domain: localhost, {proxy}}}").proxy
    assert found
    assert (found.enabled, found.http_port, found.https_port) == (enabled, http_port, https_port)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("services: {app: }", "2:12: services.app: needs `port` or `process`"),
        ("services: {app: {}}", "2:12: services.app: needs `port` or `process`"),
        ("services: {app: {host: x}}", "2:12: services.app: needs `port` or `process`"),
        (
            "services: {app: {port: 1, process: web}}",
            "2:24: services.app.port: cannot be combined with `process`, which has its own port",
        ),
        (
            "services: {app: {process: web, host: x}}",
            "2:38: services.app.host: cannot be combined with `process`, which has its own port",
        ),
        ("services: {app: {prt: 1}}", "2:18: services.app.prt: is an unknown key (did you mean 'port'?)"),
        (
            "services: {app: {port: }}",
            "2:18: services.app.port: has no value; it must be an integer from 1 to 65535",
        ),
        ("jobs: {j: {cmd: x, success_codes: []}}",
         "2:35: jobs.j.success_codes: must not be empty: the job could never succeed"),
        ("jobs: {j: {cmd: x, success_codes: [x]}}",
         "2:36: jobs.j.success_codes[0]: must be an integer from 0 to 255, not 'x'"),
        ("jobs: {j: {cmd: x, success_codes: }}",
         "2:20: jobs.j.success_codes: must not be empty: the job could never succeed"),
    ],
)  # fmt: skip
def test_invalid_services_and_jobs(text: str, problem: str) -> None:
    assert problems_of(f"processes: {{web: {{cmd: x, port: 80}}}}\n{text}\n") == [f"prox.yaml:{problem}"]


@pytest.mark.parametrize(
    ("watch", "column", "key", "message"),
    [
        ("[]", 12, "", "must not be empty"),
        ("{paths: []}", 20, ".paths", "must not be empty"),
        ("{paths: }", 13, ".paths", "must not be empty"),
        ("{}", 5, "", "`paths` is missing"),
        ("{pahts: [x]}", 13, ".pahts", "is an unknown key (did you mean 'paths'?)"),
    ],
)
def test_there_is_something_to_watch(watch: str, column: int, key: str, message: str) -> None:
    text = f"processes:\n  web:\n    cmd: x\n    watch: {watch}\n"
    assert problems_of(text) == [f"prox.yaml:4:{column}: processes.web.watch{key}: {message}"]
