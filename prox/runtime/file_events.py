"""File system events of folders (inotify or FSEvents, through watchfiles)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.runtime.watched_tree import Tree, look

if TYPE_CHECKING:
    from collections.abc import Collection

    from watchfiles._rust_notify import RustNotify

    from prox.core.watching import Selection

ATTEMPTS = 5
"""How often a watch is set up if folders appear or disappear meanwhile."""


class NoEvents(Exception):
    """The system provides no events. The message has the reason and the fix."""


def arm(folder: str, selections: Collection[Selection], before: Tree) -> tuple[RustNotify | None, Tree, bool]:
    """Watch all folders that the selections need, then scan them: later changes have events.

    The last item is False if folders appeared or disappeared during every attempt: some of them have no events.
    Raises NoEvents.
    """
    # A local import: few projects use ``watch``, and the import is slow.
    from watchfiles._rust_notify import RustNotify

    planned, notify = look(folder, selections, before), None
    for _ in range(ATTEMPTS):
        if notify:
            notify.close()
        try:
            # Not ignore_permission_denied: it ignores all errors. Unreadable folders are skipped by ``look`` already.
            notify = RustNotify(sorted(planned.folders), False, False, 0, False, False)
        except (FileNotFoundError, PermissionError):
            notify = None
        except (OSError, RuntimeError) as error:
            raise NoEvents(_why(str(error), len(planned.folders))) from None
        tree = look(folder, selections, planned)
        if notify and tree.folders == planned.folders:
            return notify, tree, True
        planned = tree
    return notify, planned, False


def _raise(sysctl: str) -> str:
    """Return the advice to raise a limit, with its current value if readable."""
    try:
        with open(f"/proc/sys/{sysctl.replace('.', '/')}", encoding="ascii") as file:
            return f"raise the sysctl {sysctl} ({file.read().strip()})"
    except OSError:
        return f"raise the sysctl {sysctl}"


def _why(error: str, folders: int) -> str:
    text = error.lower()
    if "watch limit" in text:
        return f"cannot watch {folders} folders: no inotify watches are left; {_raise('fs.inotify.max_user_watches')}"
    if "(os error 24)" in text:
        return f"cannot watch files: no inotify instances are left; {_raise('fs.inotify.max_user_instances')}"
    return f"cannot watch {folders} folders: {error}"
