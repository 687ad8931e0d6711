"""The way to the host child: where plugins, photos and models are. The window itself holds none of them."""

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from .call import Call, Courier, Failure, Report, Success


class Link(Protocol):
    """What the bridge needs of `core.hostlink.HostLink`."""

    def call(self, method: str, params: dict[str, Any], *, on_progress: Callable[[Any], None] | None = None) -> Any:
        """Ask; answers with a `concurrent.futures.Future`."""
        ...

    def cancel(self, future: Any) -> None:
        """Ask for the end of a call."""
        ...

    def close(self) -> None:
        """End the child."""
        ...


class HostBridge(Courier):
    """Asks the host and comes back on the window's thread.

    Starting the child and sending both happen on a thread of the bridge, so that `call` never waits. Calls made
    before the host is up are answered when it is.

    Example:
        host.call(self, "thumbnail", {"path": path, "size": 256}, success=self._came)
    """

    died = Signal(str)
    """The child went away, with a sentence; the next call starts another one."""

    def __init__(self, parent: QObject | None = None, *, link: Callable[[Callable[[str], None]], Link] | None = None):
        super().__init__(parent)
        from concurrent.futures import ThreadPoolExecutor

        self._make = link or _host_link
        self._link: Link | None = None
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="trasluz-host")
        self._closed = False

    def start(self) -> None:
        """Start the child now, so that it is warm when the person wants something."""
        if not self._closed:
            self._sender.submit(self._start)

    def _start(self) -> Link:
        if self._link is None:
            # the link restarts the child by itself; here it is only said
            self._link = self._make(lambda sentence: self.hand_over(lambda: self.died.emit(str(sentence))))
        return self._link

    def call(
        self,
        parent: QObject,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        success: Success | None = None,
        failure: Failure | None = None,
        progress: Report | None = None,
    ) -> Call:
        """Ask the host.

        Args:
            parent: Whose life the callbacks hang on.
            method: A method of `host.service.Service`.
            params: Its arguments; paths as strings, arrays as numpy arrays.
            success: Called with the result.
            failure: Called with a `Trouble`; without it the window shows the trouble.
            progress: Called with each piece of progress, a dict.
        """
        call = self.keep(Call(parent, success=success, failure=failure, progress=progress))
        if self._closed:
            return call
        on_progress = None
        if progress is not None:

            def on_progress(value: Any) -> None:
                self.hand_over(lambda: call.report(value))

        def answered(future: Any) -> None:
            if future.cancelled():
                return
            if (error := future.exception()) is not None:
                self.hand_over_failure(call, error)
                return
            result = future.result()
            self.hand_over(lambda: call.succeed(result))

        def send() -> None:
            if call.cancelled:
                return
            try:
                link = self._start()
                if call.cancelled:  # while the child was starting
                    return
                future = link.call(method, params or {}, on_progress=on_progress)
            except Exception as error:  # a child that cannot be started is a sentence, not a crash
                self.hand_over_failure(call, error)
                return
            call.when_cancelled(lambda: self._cancel(future))
            future.add_done_callback(answered)
            if call.cancelled:
                link.cancel(future)

        self._sender.submit(send)
        return call

    def _cancel(self, future: Any) -> None:
        if not self._closed and self._link is not None and not future.done():
            self._sender.submit(self._link.cancel, future)

    def restart(self, then: Callable[[], object] | None = None) -> None:
        """End the child and start a fresh one, e.g. after a plugin was installed.

        Args:
            then: Called on the window's thread when the new one is up.
        """

        def again() -> None:
            if self._link is not None:
                link, self._link = self._link, None
                link.close()
            try:
                self._start()
            except Exception as error:  # the next call tries again and says so itself
                sentence = str(error)
                self.hand_over(lambda: self.died.emit(sentence))
            if then is not None:
                self.hand_over(then)

        if not self._closed:
            self._sender.submit(again)

    def close(self) -> None:
        """End the child."""
        if self._closed:
            return
        self._closed = True

        def end() -> None:
            if self._link is not None:
                self._link.close()

        self._sender.submit(end)
        self._sender.shutdown(wait=True)


def _host_link(on_death: Callable[[str], None]) -> Link:
    from trasluz.core.hostlink import HostLink

    link: Link = HostLink(on_death=on_death)
    return link
