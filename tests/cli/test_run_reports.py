"""The reports of a run: where they are written, and what cannot be."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from helpers.runs import job, run
from prox.cli.run_reports import MAX_STEP_SUMMARY, write_reports
from prox.reports.markdown import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.runs.record import RunRecord


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    (tmp_path / "run").mkdir()
    return run(job("unit"), job("lint", "failed"), folder=str(tmp_path / "run"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def test_the_record_and_the_trace_are_in_its_folder(record: RunRecord, tmp_path: Path) -> None:
    assert write_reports(record, [], None) == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["run.json", "trace.json"]
    assert [each["name"] for each in read_json(tmp_path / "run" / "run.json")["jobs"]] == ["unit", "lint"]
    assert read_json(tmp_path / "run" / "trace.json")
    assert stat.S_IMODE((tmp_path / "run" / "run.json").stat().st_mode) == 0o600


def test_each_report_is_of_its_kind_and_its_folder_is_made(record: RunRecord, tmp_path: Path) -> None:
    out = tmp_path / "made" / "for it"
    wanted = [(kind, out / kind) for kind in ("json", "md", "html", "junit")]
    assert write_reports(record, wanted, None) == 0
    assert (out / "json").read_bytes() == (tmp_path / "run" / "run.json").read_bytes()
    assert (out / "md").read_text(encoding="utf-8") == markdown(record)
    assert (out / "html").read_text(encoding="utf-8").startswith("<!")
    assert ElementTree.parse(out / "junit").getroot().get("failures") == "1"


def test_what_a_job_has_written_is_part_of_the_junit_report(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "own.xml").write_text('<testsuite name="s"><testcase name="a"/></testsuite>')
    files = (str(tmp_path / "own.xml"), str(tmp_path / "removed.xml"))
    record = run(job("unit", junit=files), folder=str(tmp_path / "run"))
    assert write_reports(record, [("junit", tmp_path / "out.xml")], None) == 0
    assert "unit/s" in [suite.get("name") for suite in ElementTree.parse(tmp_path / "out.xml").getroot()]


def test_a_report_that_cannot_be_written_fails_and_the_others_are_written(
    record: RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    wanted = [("md", tmp_path), ("html", tmp_path / "file" / "x"), ("json", tmp_path / "json")]
    assert write_reports(record, wanted, None) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"prox: cannot write report md={tmp_path}: Is a directory",
        f"prox: cannot write report html={tmp_path}/file/x: File exists",
    ]
    assert (tmp_path / "json").exists()


def test_without_its_folder_no_report_is_written(
    record: RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").rmdir()
    assert write_reports(record, [("md", tmp_path / "md")], None) == 1
    assert capsys.readouterr().err.startswith("prox: cannot write the record of the run: ")
    assert not (tmp_path / "md").exists()


def test_the_step_summary_of_github_is_added_to(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("of an earlier command\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert write_reports(record, [], "gitlab") == 0
    assert summary.read_text() == "of an earlier command\n"
    assert write_reports(record, [], "github") == 0
    assert summary.read_text(encoding="utf-8") == "of an earlier command\n" + markdown(record)
    assert len(markdown(record)) < MAX_STEP_SUMMARY


def test_a_step_summary_that_cannot_be_written_is_said_and_fails_no_run(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert write_reports(record, [], "github") == 0
    assert capsys.readouterr().err == f"prox: cannot write the step summary {tmp_path}: Is a directory\n"
