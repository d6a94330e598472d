"""The configuration of a run, made from that of the project."""

from __future__ import annotations

from helpers.config import config_of
from prox.core.config.model import Dependency, Job
from prox.core.runs.stack import (
    default_dependency,
    harness_facts,
    is_per_worker,
    isolated,
    per_worker_names,
    reduced,
    with_borrowed,
    with_job,
)

TEXT = """
proxy: {domain: localhost, http_port: 6788}
services: {app: {process: api}}
processes:
  db: {cmd: postgres, port: 5432, fixed: true, healthcheck: {tcp: true}, reset: clean, depends_on: [setup]}
  api: {cmd: serve, port: 8000, env: {A: b}, depends_on: {db: healthy}, restart: always}
  web: {cmd: vite, port: auto, per_worker: true, depends_on: [api]}
  ui: {cmd: ui, depends_on: [web], autostart: false}
jobs:
  setup: make
  e2e: {cmd: test, depends_on: {ui: started, db: healthy}}
  unit: {cmd: test, depends_on: {db: healthy}}
"""
CONFIG = config_of(TEXT)


def test_a_borrowed_process_needs_nothing_and_need_only_have_started() -> None:
    config = with_borrowed(CONFIG, {"db"})
    db = config.processes["db"]
    assert (db.cmd, db.depends_on, db.healthcheck, db.port) == ("postgres", {}, None, None)
    assert config.processes["api"].depends_on == {"db": Dependency(condition="started")}
    assert config.jobs["unit"].depends_on == {"db": Dependency(condition="started")}
    assert config.jobs["e2e"].depends_on["ui"] == CONFIG.jobs["e2e"].depends_on["ui"]
    assert config.processes["web"] == CONFIG.processes["web"]


def test_an_isolated_stack_chooses_free_ports_unless_they_are_fixed() -> None:
    config = isolated(CONFIG)
    assert {name: spec.port for name, spec in config.processes.items()} == {
        "db": 5432, "api": "auto", "web": "auto", "ui": None
    }  # fmt: skip
    assert config.proxy
    assert (config.proxy.http_port, config.proxy.https_port) == (0, None)
    assert isolated(config_of("processes: {a: x}")).proxy is None


def test_a_reduced_one_has_the_named_only_and_no_proxy() -> None:
    config = reduced(CONFIG, {"api", "web", "e2e"})
    assert {name: list(spec.depends_on) for name, spec in config.processes.items()} == {"api": [], "web": ["api"]}
    assert {name: list(job.depends_on) for name, job in config.jobs.items()} == {"e2e": []}
    assert (config.services, config.proxy) == ({}, None)


def test_dependents_of_a_per_worker_process_are_per_worker() -> None:
    assert per_worker_names(CONFIG) == ("web", "ui", "e2e")
    assert per_worker_names(config_of("processes: {a: x}")) == ()
    per_worker = [name for name in (*CONFIG.processes, *CONFIG.jobs) if is_per_worker(CONFIG, name)]
    assert tuple(per_worker) == per_worker_names(CONFIG)
    assert not is_per_worker(CONFIG, "no-such-process")


def test_what_a_harness_needs_to_know() -> None:
    assert harness_facts(CONFIG) == {
        "autostart": ["db", "api", "web"], "per_worker": ["web", "ui", "e2e"], "reset": ["db"]
    }  # fmt: skip


def test_a_job_is_added_and_the_rest_stays() -> None:
    config = with_job(CONFIG, "new", Job(cmd="x"))
    assert list(config.jobs) == ["setup", "e2e", "unit", "new"]
    assert config.processes == CONFIG.processes
    assert "new" not in CONFIG.jobs


def test_the_condition_of_a_dependency_that_names_none() -> None:
    conditions = {name: default_dependency(CONFIG, name).condition for name in ("setup", "db", "api")}
    assert conditions == {"setup": "completed", "db": "healthy", "api": "started"}
