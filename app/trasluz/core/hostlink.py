"""The way to the host: a child process that holds plugins, photos and models, asked over a local connection.

```
caller's threads ──call──▶ outbox ──sender──▶ child
                 ◀─future─ reader ◀────────── child
```

The reader's thread also starts the child, and starts it again when it dies. Nothing here blocks a caller, and
nothing here knows Qt. A frame is a request `{"id", "method", "params"}`, a request to end one `{"cancel": id}`, or
from the child `{"hello": {…}}`, `{"id", "progress"}`, `{"id", "result"}`, `{"id", "error": {"sentence", "details",
"kind"}}`. Frames are `core.wire`'s.
"""

import contextlib
import itertools
import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.core.runs.launch import child_command, child_environment

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ADDRESS = "TRASLUZ_HOST_ADDRESS"
KEY = "TRASLUZ_HOST_KEY"
"""Environment variables, not arguments: a process list shows arguments to everyone."""

_DELAYS = (0.0, 0.25, 1.0, 4.0, 15.0)
"""Seconds to wait before the child is started again, after it died at once that many times in a row."""
_AT_ONCE = 10.0
_REFUSING = 3
"""After so many deaths in a row, calls made while waiting fail at once instead of waiting too."""

Report = Callable[[Any], object]


class HostError(Exception):
    """The host could not do what was asked.

    Attributes:
        sentence: For the person: what happened, where, what to do.
        details: A traceback, where there is one.
        kind: `data`, `usage`, `failed` or `died`.
    """

    def __init__(self, sentence: str, *, details: str = "", kind: str = "failed") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details
        self.kind = kind


class HostDied(HostError):  # noqa: N818 - the name of what happened
    """The child went away while something was asked of it."""

    def __init__(self, sentence: str, *, details: str = "") -> None:
        super().__init__(sentence, details=details, kind="died")


class HostLink:
    """A host child that is always there: started at once, started again when it dies.

    Example:
        link = HostLink()
        answer = link.call("devices", {}).result(timeout=30)
    """

    def __init__(
        self,
        on_death: Callable[[str], object] | None = None,
        *,
        command: Sequence[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start the child in the background and return.

        Args:
            on_death: Called with a sentence, on a thread of this object, each time the child dies by itself.
            command: What to start instead of `trasluz host`, for tests.
            environment: More environment variables for the child.
        """
        self._on_death = on_death
        self._command = list(command) if command is not None else child_command("host")
        self._environment = environment or {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()  # over what is pending; held for a blink only, callers take it too
        self._starting = threading.Lock()  # over the process
        self._sending = threading.Lock()  # over the connection's writing end
        self._pending: dict[int, tuple[Future[Any], Report | None]] = {}
        self._numbers: dict[Future[Any], int] = {}
        self._sent: set[int] = set()
        self._outbox: queue.SimpleQueue[tuple[int, dict[str, Any]] | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._connected = threading.Event()
        self._closed = threading.Event()
        self._awake = threading.Event()
        self._restarting = False
        self._deaths = 0
        self._last_death = ""
        self._pausing_until = 0.0
        self.hello: dict[str, Any] = {}
        """What the child said when it came up: its process id and versions."""
        self._reader = threading.Thread(target=self._live, name="host-reader", daemon=True)
        self._sender = threading.Thread(target=self._send, name="host-sender", daemon=True)
        self._reader.start()
        self._sender.start()

    # for callers

    def call(
        self, method: str, params: dict[str, Any] | None = None, *, on_progress: Report | None = None
    ) -> "Future[Any]":
        """Ask the host; returns at once.

        Args:
            method: A method of `host.service.Service`.
            params: Its arguments: JSON values and numpy arrays.
            on_progress: Called with each piece of progress, on a thread of this object.

        Returns:
            A future that gives the result or raises `HostError`.
        """
        future: Future[Any] = Future()
        if self._closed.is_set():
            future.set_exception(HostDied("The host was closed."))
            return future
        if self._deaths >= _REFUSING and time.monotonic() < self._pausing_until:
            future.set_exception(HostDied(self._last_death))
            return future
        number = next(self._ids)
        with self._lock:
            self._pending[number] = (future, on_progress)
            self._numbers[future] = number
        self._outbox.put((number, {"id": number, "method": method, "params": params or {}}))
        return future

    def cancel(self, future: "Future[Any]") -> None:
        """Give up a call: its future is cancelled at once, and the host is asked to end the work."""
        with self._lock:
            number = self._numbers.pop(future, None)
            self._pending.pop(number or 0, None)
        future.cancel()
        if number is not None:
            self._outbox.put((0, {"cancel": number}))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the child is up, and say whether it is."""
        return self._connected.wait(timeout)

    @property
    def ready(self) -> bool:
        """Whether the child is up."""
        return self._connected.is_set()

    @property
    def pid(self) -> int | None:
        """The process id of the child, where there is one."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def restart(self) -> None:
        """End the child, however busy it is, and start a fresh one; what was asked of the old one fails."""
        self._restarting = True
        self._deaths = 0
        self._kill()
        self._awake.set()

    def close(self) -> None:
        """End the child; what was asked of it fails. Safe to call twice, and from any thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._kill()
        self._awake.set()
        self._outbox.put(None)
        if threading.current_thread() not in (self._reader, self._sender):
            self._reader.join(5.0)
            self._sender.join(5.0)
        self._fail_pending(HostDied("The host was closed."))

    def __enter__(self) -> "HostLink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # the child's life (the reader's thread)

    def _live(self) -> None:
        while not self._closed.is_set():
            started = time.monotonic()
            self._awake.clear()
            if self._closed.is_set():
                return
            folder = Path(tempfile.mkdtemp(prefix="trasluz-"))
            try:
                words = self._one_life(folder)
            except Exception as error:  # no process, no socket: said like a death, and tried again
                words = f"{type(error).__name__}: {error}"
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if self._closed.is_set():
                return
            restarting, self._restarting = self._restarting, False
            if restarting:
                self._fail_pending(HostDied("The host was started anew."), sent_only=True)
                continue
            self._deaths = self._deaths + 1 if time.monotonic() - started < _AT_ONCE else 1
            delay = _DELAYS[min(self._deaths - 1, len(_DELAYS) - 1)]
            self._say_death(words, delay)
            self._awake.wait(delay)

    def _one_life(self, folder: Path) -> str:
        """Start a child, serve it until it is gone, and return its last words."""
        from multiprocessing.connection import Listener

        key = secrets.token_bytes(32)
        log_path = folder / "host.log"
        with Listener(*_address(folder), authkey=key) as listener:
            with log_path.open("wb") as log:
                process = self._start(str(listener.address), key, log)
            # `accept` has no time limit: a child that dies before it connects must wake it up.
            watcher = threading.Thread(target=_knock, args=(process, listener.address, key), daemon=True)
            watcher.start()
            try:
                connection = listener.accept()
            except (OSError, EOFError) as error:
                self._end(process)
                return f"{_tail(log_path)}\n{error}"
        try:
            self._read(connection)
        finally:
            with self._lock:
                self._connection = None
                self._connected.clear()
            self._end(process)  # before the connection: a sender that is stuck in it comes free
            with self._sending:
                connection.close()
            self.hello = {}
        status = process.returncode
        words = _tail(log_path)
        return words or (f"signal {-status}" if status < 0 else f"exit status {status}")

    def _start(self, address: str, key: bytes, log: Any) -> "subprocess.Popen[bytes]":
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        else:
            # A Ctrl-C in the terminal is for the window, which then closes the host.
            options["start_new_session"] = True
        with self._starting:
            if self._closed.is_set():
                raise RuntimeError("closed")
            self._restarting = False
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(**self._environment, **{ADDRESS: address, KEY: key.hex()}),
                **options,
            )
            return self._process

    def _read(self, connection: "Connection") -> None:
        from trasluz.core.wire import WireError, unpack

        while True:
            try:
                message = unpack(connection.recv_bytes())
            except (OSError, EOFError):
                return
            except WireError:
                return  # a child that talks nonsense is as good as dead
            if "hello" in message:
                self.hello = message["hello"]
                with self._lock:
                    self._connection = connection
                    self._connected.set()
                continue
            self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if "progress" in message:
            with self._lock:
                _, report = self._pending.get(number or 0, (None, None))
            if report is not None:
                with contextlib.suppress(Exception):  # a caller's mistake must not end the reader
                    report(message["progress"])
            return
        with self._lock:
            future, _ = self._pending.pop(number or 0, (None, None))
            if future is not None:
                self._numbers.pop(future, None)
        if future is None:
            return
        with contextlib.suppress(InvalidStateError):  # cancelled by its owner meanwhile
            if "error" in message:
                error = message["error"]
                future.set_exception(
                    HostError(
                        str(error.get("sentence", "")),
                        details=str(error.get("details", "")),
                        kind=str(error.get("kind", "failed")),
                    )
                )
            else:
                future.set_result(message.get("result"))

    def _say_death(self, words: str, delay: float) -> None:
        last = [line.strip() for line in words.strip().splitlines() if line.strip()]
        sentence = "The part of Trasluz that loads models and photos stopped"
        sentence += f" (“{last[-1][:200]}”)" if last else ""
        if self._deaths >= _REFUSING:
            sentence += f", {self._deaths} times in a row; it is tried again in {max(delay, 1):.0f} s."
            sentence += " If a plugin was added lately, disable it."
        else:
            sentence += " and was started again; please repeat what you did."
        self._last_death = sentence
        self._pausing_until = time.monotonic() + delay
        self._fail_pending(HostDied(sentence, details=words), sent_only=self._deaths < _REFUSING)
        if self._on_death is not None:
            with contextlib.suppress(Exception):
                self._on_death(sentence)

    def _fail_pending(self, error: HostDied, *, sent_only: bool = False) -> None:
        """Fail what was asked; with `sent_only`, what still waits in the outbox goes to the next child."""
        with self._lock:
            failing = {n: p for n, p in self._pending.items() if not sent_only or n in self._sent}
            for number, (future, _) in failing.items():
                del self._pending[number]
                self._numbers.pop(future, None)
            self._sent.clear()
        for future, _ in failing.values():
            with contextlib.suppress(InvalidStateError):
                future.set_exception(error)

    def _kill(self) -> None:
        with self._starting:
            process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """See the child off: it ends by itself when the connection is closed, and is killed if it does not."""
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # sending (the sender's thread)

    def _send(self) -> None:
        from trasluz.core.wire import pack

        while (item := self._outbox.get()) is not None:
            number, message = item
            try:
                frame = pack(message)
            except (TypeError, ValueError) as error:
                self._answer({"id": number, "error": {"sentence": f"This cannot be asked: {error}.", "kind": "usage"}})
                continue
            while not self._closed.is_set():
                with self._lock:
                    connection = self._connection
                    if number and number not in self._pending:
                        break  # cancelled or failed while it waited
                    if connection is not None:
                        self._sent.add(number)
                if connection is not None:
                    # Where this fails the reader sees it too, and fails what was sent.
                    with contextlib.suppress(OSError, ValueError), self._sending:
                        connection.send_bytes(frame)
                    break
                if not number:
                    break  # a cancel is for the child that has the call; it is gone
                self._connected.wait(0.5)


def _address(folder: Path) -> tuple[str, str]:
    """Where to listen: a place of this system that only this person can reach."""
    if sys.platform == "win32":
        return rf"\\.\pipe\trasluz-{secrets.token_hex(8)}", "AF_PIPE"
    path = str(folder / "s")
    if len(os.fsencode(path)) < 100:
        return path, "AF_UNIX"
    return "localhost", "AF_INET"  # a temporary folder too deep for a socket's name; the key guards it


def _knock(process: "subprocess.Popen[bytes]", address: Any, key: bytes) -> None:
    from multiprocessing.connection import Client

    process.wait()
    with contextlib.suppress(Exception):  # nobody waits any more: all is well
        Client(address, authkey=key).close()


def _tail(log: Path, size: int = 4096) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
