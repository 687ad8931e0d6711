"""Background work in this process: reading the index, opening a project. Never plugin code."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from .call import Call, Courier, Failure, Report, Success


class Work(Courier):
    """A few threads with the one idiom.

    Example:
        work.run(self, lambda: index.page(offset=0, limit=200), success=self._page_came)

    With `progress`, the operation gets one argument: a function that reports.
    """

    def __init__(self, parent: QObject | None = None, *, threads: int = 2, name: str = "work") -> None:
        super().__init__(parent)
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"trasluz-{name}")
        self._closed = False

    def run(
        self,
        parent: QObject,
        operation: Callable[..., Any],
        *,
        success: Success | None = None,
        failure: Failure | None = None,
        progress: Report | None = None,
    ) -> Call:
        """Do `operation` in a thread and come back on the window's thread.

        Args:
            parent: Whose life the callbacks hang on.
            operation: What to do; it must not touch widgets.
            success: Called with the result.
            failure: Called with a `Trouble`; without it the window shows the trouble.
            progress: Called with each thing that the operation reports.
        """
        call = self.keep(Call(parent, success=success, failure=failure, progress=progress))

        def report(value: Any) -> None:
            self.hand_over(lambda: call.report(value))

        def do() -> None:
            if call.cancelled:
                return
            try:
                result = operation(report) if progress is not None else operation()
            except Exception as error:  # whatever it is, it goes to the caller as a sentence
                self.hand_over_failure(call, error)
            else:
                self.hand_over(lambda: call.succeed(result))

        if self._closed:
            return call
        future = self._pool.submit(do)
        call.when_cancelled(future.cancel)
        return call

    def close(self) -> None:
        """Take nothing more and drop what has not begun."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
