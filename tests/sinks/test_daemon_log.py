"""prox.log of an instance in the background: rotated, with stdout and stderr redirected to the current file."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
from pathlib import Path
from prox.sinks.daemon_log import DaemonLog, is_output

path = Path(sys.argv[1])
log = DaemonLog(path, max_size=100, keep=2, root=path.parent)
assert is_output(path)
for number in range(4):
    log.append(b"%d" % number + b"x" * 58 + b"\\n")
    os.write(1, b"out %d\\n" % number)
    os.write(2, b"err %d\\n" % number)
path.unlink()
assert not is_output(path)
log.append(b"after\\n")
os.write(1, b"out\\n")
"""


def test_other_output_follows_the_log_through_rotations_and_removal(tmp_path: Path) -> None:
    path = tmp_path / "prox.log"
    with open(path, "ab") as file:
        done = subprocess.run([sys.executable, "-c", PROGRAM, path], stdout=file, stderr=file, timeout=60)
    assert done.returncode == 0, path.read_text()
    assert path.read_text() == "after\nout\n"
    rotated = sorted(tmp_path.glob("prox.log.*"))
    assert [each.name for each in rotated] == ["prox.log.1", "prox.log.2"]
    for file in rotated:
        lines = file.read_text().splitlines()
        number = lines[0][0]
        assert lines == [f"{number}{'x' * 58}", f"out {number}", f"err {number}"]
