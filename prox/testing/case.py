"""``TestCase``: processes for ``unittest``, with any runner."""

from __future__ import annotations

import functools
import time
import types
import unittest
from typing import TYPE_CHECKING, Any, ClassVar

from prox.testing.running import up
from prox.testing.session import MAX_LINES, check_crashes, describe_use, finish_test
from prox.testing.uses import Uses

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from prox.testing.handle import StackHandle
    from prox.testing.stack import Stack


class TestCase(unittest.TestCase):
    """A test case with the processes of prox.yaml as ``self.prox``, which all tests of the class share.

    After each test, its changes to processes are undone. A crash of a process fails the test, and the report of a
    failing test has the lines of the processes that it used.
    """

    __test__ = False
    processes: ClassVar[tuple[str, ...]] = ()
    """Names of the processes that are ready when a test begins; others start when a test asks for them."""
    config: ClassVar[str | os.PathLike[str] | Stack | None] = None
    """The path of a prox.yaml, or a ``Stack``; None: prox.yaml in the current directory or the nearest parent."""
    env: ClassVar[Mapping[str, str] | None] = None
    """Variables for all processes."""
    may_crash: ClassVar[bool] = False
    """Whether processes may crash during a test."""
    prox: ClassVar[StackHandle]
    _uses: ClassVar[Uses]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # pytest would collect this class itself wherever it is imported.
        cls.__test__ = True

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        # Only the test method is wrapped: pytest and unittest both call setUp and tearDown themselves.
        if (method := getattr(self, methodName, None)) is not None:
            setattr(self, methodName, self._with_processes(method))

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls._uses = Uses()
        cls.prox = cls.enterClassContext(up(config=cls.config, env=cls.env))
        cls.prox.on_use = cls._uses.record
        with cls._uses.by_fixture("class"):
            cls.prox.up(*cls.processes)

    def _with_processes(self, method: Callable[[], Any]) -> Callable[[], Any]:
        @functools.wraps(method)
        def run(self: TestCase) -> Any:
            begun = time.time()
            self._uses.begin(self.id())
            self.addCleanup(lambda: finish_test(self._used(), self._uses.record, may_crash=self.may_crash))
            try:
                result = method()
                if not self.may_crash:
                    check_crashes(self._used(), self._uses.record)
            except unittest.SkipTest:
                raise
            except Exception as error:
                for use in self._used():
                    error.add_note(f"--- prox: {use[1]} ---\n{describe_use(use, begun, MAX_LINES)}")
                raise
            return result

        # Bound, since unittest's loader takes a plain function for a static method.
        return types.MethodType(run, self)

    def _used(self) -> Any:
        return self._uses.of_test(["class"])
