"""prox inside a program of your own: a server comes up, is used, crashes, is restarted, and is gone at the end.

Run it with the Python that prox is installed for: ``python main.py``.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.request import urlopen

import trio

import prox


async def main() -> None:
    config = prox.load_config(Path(__file__).parent / "prox.yaml")
    async with prox.open_supervisor(config) as supervisor:
        await supervisor.wait_ready("files")
        files = supervisor.process("files")
        print(f"{files.name} is {files.health}, pid {files.pid}")

        url = f"http://127.0.0.1:{files.port}/prox.yaml"
        answer = await trio.to_thread.run_sync(urlopen, url)
        with answer:
            print(f"it answered {answer.status}")

        os.kill(files.pid, signal.SIGKILL)
        await supervisor.wait_status("files", "crashed")
        print(f"it crashed: {supervisor.process('files').reason}")

        # Sets what is wanted, and does not wait; what is of interest is waited for.
        supervisor.restart("files")
        await supervisor.wait_ready("files")
        print(f"it is {supervisor.process('files').status} again")
    # Here, nothing of it is left, however the block was left.


if __name__ == "__main__":
    trio.run(main)
