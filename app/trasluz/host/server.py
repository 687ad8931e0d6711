"""The host child: answers the window over the connection that it was started for.

One thread reads; each kind of work has its own few threads, so that a thumbnail never waits behind a prediction
and a prediction never behind the inspection of a large folder. The process ends when the connection does.
"""

import contextlib
import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from multiprocessing.connection import Client, Connection
from typing import Any

from trasluz import __version__
from trasluz.api import DataError, FamilyError, Progress
from trasluz.core.hostlink import ADDRESS, KEY
from trasluz.core.statuses import USAGE
from trasluz.core.wire import WireError, pack, unpack

from .calls import Cancelled, UsageError
from .service import Service

_POOLS = {"pictures": 2, "quick": 3, "long": 2}
_PROGRESS_EVERY = 0.05


def main() -> int:
    """Serve the process that started this one; returns when it is gone."""
    faulthandler.enable()
    address, key = os.environ.pop(ADDRESS, ""), os.environ.pop(KEY, "")
    if not address or not key:
        print("This command is for the window, which starts it by itself.", file=sys.stderr)
        return USAGE
    connection = Client(_given(address), authkey=bytes.fromhex(key))
    Server(connection, Service()).serve()
    # Threads that hang in a plugin must not keep the process: nobody is there to listen to them.
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def _given(address: str) -> Any:
    """An address as `Client` takes it: a path, or a host and a port."""
    if address.startswith("("):
        host, port = address.strip("()").split(",")
        return host.strip(" '\""), int(port)
    return address


class Server:
    """Serves one connection."""

    def __init__(self, connection: Connection, service: Service) -> None:
        self._connection = connection
        self._service = service
        self._writing = threading.Lock()
        self._pools = {name: ThreadPoolExecutor(threads, thread_name_prefix=name) for name, threads in _POOLS.items()}
        self._lock = threading.Lock()
        self._running: dict[int, tuple[threading.Event, Future[None]]] = {}

    def serve(self) -> None:
        """Answer until the other side is gone."""
        self._write({"hello": {"pid": os.getpid(), "version": __version__}})
        threading.Thread(target=self._service.warm, name="warm", daemon=True).start()
        while True:
            try:
                message = unpack(self._connection.recv_bytes())
            except (EOFError, OSError, WireError):
                return
            if "cancel" in message:
                self._cancel(message["cancel"])
            else:
                self._accept(message)

    def _accept(self, message: dict[str, Any]) -> None:
        number, method = message.get("id"), message.get("method")
        params = message.get("params") or {}
        pool = Service.METHODS.get(str(method))
        if pool is None or not isinstance(number, int):
            self._fail(number, f"The host has no method “{method}”.", kind="usage")
            return
        stop = threading.Event()
        with self._lock:
            # The lock keeps a call that ends at once from being entered after its end.
            future = self._pools[pool].submit(self._work, number, str(method), params, stop)
            self._running[number] = (stop, future)

    def _cancel(self, number: int) -> None:
        with self._lock:
            stop, future = self._running.pop(number, (None, None))
        if stop is not None and future is not None:
            stop.set()
            future.cancel()  # takes it out of the queue, where it still waits

    def _work(self, number: int, method: str, params: dict[str, Any], stop: threading.Event) -> None:
        try:
            if stop.is_set():
                return
            if method in Service.REPORTING:
                params = {**params, "progress": self._reporter(number, stop), "cancelled": stop.is_set}
            result = getattr(self._service, method)(**params)
            frame = pack({"id": number, "result": result})
        except (Cancelled, CancelledError):
            return
        except DataError as error:
            self._fail(number, str(error), kind="data")
        except FamilyError as error:
            self._fail(number, str(error), kind="failed")
        except UsageError as error:
            self._fail(number, str(error), kind="usage")
        except (Exception, SystemExit) as error:  # a plugin may raise anything, and even try to end the process
            self._fail(number, _said(method, error), kind="failed", details=traceback.format_exc())
        else:
            self._write_frame(frame)
        finally:
            with self._lock:
                self._running.pop(number, None)

    def _reporter(self, number: int, stop: threading.Event) -> Callable[[Progress], None]:
        from time import monotonic

        last, stage = 0.0, ""

        def report(step: Progress) -> None:
            nonlocal last, stage
            now = monotonic()
            rows = getattr(step, "rows", None)
            whole = step.total is not None and step.done >= step.total
            # Progress for eyes: twenty a second are enough; rows must all arrive.
            if rows is None and step.stage == stage and not whole and now - last < _PROGRESS_EVERY:
                return
            last, stage = now, step.stage
            if not stop.is_set():
                self._write({"id": number, "progress": step.model_dump(mode="json")})

        return report

    def _fail(self, number: Any, sentence: str, *, kind: str, details: str = "") -> None:
        self._write({"id": number, "error": {"sentence": sentence, "details": details, "kind": kind}})

    def _write(self, message: Any) -> None:
        self._write_frame(pack(message))

    def _write_frame(self, frame: bytes) -> None:
        # The other side is gone: the reading thread sees it and ends the process.
        with contextlib.suppress(OSError), self._writing:
            self._connection.send_bytes(frame)


def _said(method: str, error: BaseException) -> str:
    """A sentence for what nobody foresaw."""
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs or use fewer or smaller files."
    if isinstance(error, OSError) and error.strerror:
        where = f" (“{error.filename}”)" if error.filename else ""
        return f"{error.strerror}{where}."
    return f"Something went wrong inside the program ({method}: {type(error).__name__}: {error})."
