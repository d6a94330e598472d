"""File system events of the folders that a watch needs."""

from __future__ import annotations

import pytest

from prox.core.config.model import Watch
from prox.core.watching import Selection
from prox.runtime import file_events
from prox.runtime.file_events import NoEvents, arm
from prox.runtime.watched_tree import look


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "node_modules").mkdir()
    return tmp_path


def test_a_change_below_any_watched_folder_has_an_event(project) -> None:
    selections = [Selection(Watch(paths=("src",)), str(project))]
    notify, tree, complete = arm(str(project), selections, look(str(project), selections))
    assert complete
    assert str(project / "src" / "deep") in tree.folders
    assert str(project / "node_modules") not in tree.folders
    assert notify
    (project / "src" / "deep" / "file").write_text("x")
    assert any(path.endswith("deep/file") for _, path in notify.watch(10, 1, 30_000, None))
    notify.close()


def test_a_folder_that_appeared_since_the_last_look_is_watched_too(project) -> None:
    selections = [Selection(Watch(paths=("src",)), str(project))]
    before = look(str(project), selections)
    (project / "src" / "new").mkdir()
    notify, tree, complete = arm(str(project), selections, before)
    assert (complete, str(project / "src" / "new") in tree.folders) == (True, True)
    assert notify
    notify.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("OS file watch limit reached.", "no inotify watches are left; raise the sysctl fs.inotify.max_user_watches"),
        (
            "Too many open files (os error 24)",
            "no inotify instances are left; raise the sysctl fs.inotify.max_user_instances",
        ),
        ("something else", "cannot watch 3 folders: something else"),
    ],
)
def test_a_limit_of_the_system_is_named_with_the_fix(error: str, words: str) -> None:
    assert words in file_events._why(error, 3)


def test_a_system_without_events_is_reported(project, monkeypatch: pytest.MonkeyPatch) -> None:
    import watchfiles._rust_notify as library

    def refuse(*_: object) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(library, "RustNotify", refuse)
    selections = [Selection(Watch(paths=("src",)), str(project))]
    with pytest.raises(NoEvents, match=r"raise the sysctl fs.inotify.max_user_watches"):
        arm(str(project), selections, look(str(project), selections))
