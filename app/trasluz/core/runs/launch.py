"""Starting a run as a process of its own, which outlives whoever started it."""

import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import trasluz
from trasluz.api import Failed

from .folder import QUEUED_NAME, RunBusy, RunFolder, RunState
from .spare import WAITING, Spare

GENTLE = "TRASLUZ_GENTLE"
"""Set in the environment of a run that shall leave the machine usable for the person in front of it."""
GENTLE_NOW, GENTLE_ALREADY = "1", "inherited"
"""Whether the run is to make itself gentle, or has inherited it from the run before it, which launched it."""


def child_command(*words: str) -> list[str]:
    """The command line that starts this program as a child.

    A frozen program is its own interpreter. Otherwise `-P` keeps files of the working folder from being imported.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, *words]
    return [sys.executable, "-P", "-m", "trasluz", *words]


def child_environment(**more: str) -> dict[str, str]:
    """The environment of a child: this process's own, with this very copy of Trasluz first among the packages."""
    environment = {**os.environ, **more, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    if not getattr(sys, "frozen", False):
        home = str(Path(trasluz.__file__).resolve().parent.parent)
        given = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != home]
        environment["PYTHONPATH"] = os.pathsep.join([home, *given])
    return environment


SPARE = Spare()
"""This process's own."""


def get_ready() -> None:
    """Have a child import in advance what a run will need."""
    quiet = subprocess.DEVNULL
    SPARE.prepare(lambda: _detached(WAITING, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet))


def launch(run: RunFolder | Path | str) -> int:
    """Start, or take up again, the run in a folder, and return the id of its process.

    The process is detached: it goes on when the window closes or is killed. Follow it by its folder.

    Raises:
        OSError: If no process can be started.
    """
    folder = RunFolder(run)
    folder.clear_stop()
    launch_id = secrets.token_hex(8)
    folder.mark_launched(launch_id)
    try:
        path = folder.path.absolute()
        process = SPARE.take(path, folder.log_path.absolute())
        if process is None:
            with folder.log_path.open("ab") as log:
                process = _detached(str(path), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    except BaseException:
        folder.forget_launch()
        raise
    # Somebody has to wait for a child, or it stays in the process table; and to say that it could not even start.
    threading.Thread(target=_wait, args=(process, folder, launch_id), name=f"run-{process.pid}", daemon=True).start()
    return process.pid


def _detached(run: str, **streams: Any) -> "subprocess.Popen[bytes]":
    """Start the child for a run (its folder, or `WAITING`), which goes on without this process."""
    options: dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = (
            subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        )
    else:
        options["start_new_session"] = True
    return subprocess.Popen(
        child_command("run", run),
        cwd=Path.home() if Path.home().is_dir() else None,
        env=child_environment(**{GENTLE: GENTLE_ALREADY if os.environ.get(GENTLE) else GENTLE_NOW}),
        **streams,
        **options,
    )


def _wait(process: "subprocess.Popen[bytes]", folder: RunFolder, launch_id: str) -> None:
    status = process.wait()
    try:
        if folder.launched_by() != launch_id:
            return  # it took the run up; or another launch came meanwhile, and waits for its own process
        # It died before it could take the run up: nobody else will say so.
        with folder.lock(wait=1.0), folder:
            if folder.launched_by() != launch_id:
                return  # launched again while the lock was waited for: that launch is not ours to forget
            folder.forget_launch()
            broken = status > 0 or not folder.last_events()  # below 0: killed by a signal, which can go on
        if status and broken and folder.state() not in (RunState.FINISHED, RunState.FAILED):
            with folder.lock(wait=1.0), folder:
                # it would die again: it has had its turn
                (folder.path / QUEUED_NAME).unlink(missing_ok=True)
                folder.append(
                    Failed(
                        sentence=f"The training process ended before it began (status {status}); "
                        f"{folder.log_path} says why.",
                        details=folder.last_words(40),
                    )
                )
    except (OSError, RunBusy):
        return  # the folder went away, or somebody else took the run up
