"""LC_CTYPE is passed on as prox was given it, not as Python coerced it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PRINT = """
import json
from prox.system.initial_environment import initial_environment
print(json.dumps(initial_environment()))
"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"LC_ALL": "", "LANG": "C"}, None),  # Python sets LC_CTYPE (PEP 538)
        ({"LC_CTYPE": "C.UTF-8"}, "C.UTF-8"),
        ({"LC_CTYPE": "de_DE.UTF-8"}, "de_DE.UTF-8"),
        ({"LANG": "C.UTF-8"}, None),
    ],
)
def test_the_locale_is_that_of_the_start(given: dict[str, str], found: str | None) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run([sys.executable, "-c", PRINT], env=env | given, capture_output=True, text=True, check=True)
    environment = json.loads(done.stdout)
    assert environment.get("LC_CTYPE") == found
    assert environment["PATH"] == os.environ["PATH"]
