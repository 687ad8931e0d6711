"""How commands print: text or one JSON document on standard output, progress on standard error."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from trasluz.api import Progress
from trasluz.core.statuses import FAILED


class CommandError(Exception):
    """A command that cannot be done, in one sentence, with its exit status."""

    def __init__(self, sentence: str, status: int = FAILED) -> None:
        super().__init__(sentence)
        self.status = status


class Output:
    """Standard output and standard error of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._stage = ""
        self._said_at = 0.0
        self._tenth = -1
        self._bar_open = False
        self._terminal = sys.stderr.isatty()

    def document(self, value: Any) -> None:
        """Print the command's one JSON document, where JSON was asked for."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def line(self, text: str = "") -> None:
        """Print a line for a person; nothing where JSON was asked for."""
        if not self.as_json:
            print(text)

    def raw(self, line: str) -> None:
        """Print one event of a run, a line of JSON."""
        print(line, flush=True)

    def table(self, rows: Iterable[Sequence[Any]], *, header: Sequence[str] = ()) -> None:
        """Print rows in aligned columns; numbers to the right."""
        if self.as_json:
            return
        cells = [[_cell(c) for c in row] for row in rows]
        head = [list(header)] if header else []
        widths = (
            [max(len(row[i]) for row in head + cells) for i in range(len((head + cells)[0]))] if head + cells else []
        )
        right = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(widths))]
        for row in head + cells:
            pairs = zip(row, widths, right, strict=True)
            print("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in pairs).rstrip())

    def say(self, text: str) -> None:
        """Say something on the side, on standard error."""
        self._close_bar()
        print(text, file=sys.stderr, flush=True)

    def progress(self, step: Progress) -> None:
        """Show progress: a bar on a terminal, otherwise a line for each stage and each tenth of it."""
        now = time.monotonic()
        new_stage = step.stage != self._stage
        share = step.done / step.total if step.total else None
        if self._terminal:
            if not new_stage and now - self._said_at < 0.1 and share != 1:
                return
            if new_stage:
                self._close_bar()
            print(f"\r\x1b[2K{_bar(step, share)}", end="", file=sys.stderr, flush=True)
            self._bar_open = True
        else:
            tenth = -1 if share is None else int(share * 10)
            if not new_stage and tenth == self._tenth:
                return
            self._tenth = tenth
            print(_words(step), file=sys.stderr, flush=True)
        self._stage, self._said_at = step.stage, now

    def failure(self, sentence: str, status: int) -> int:
        """Say why the command ends; the last line on standard error."""
        self.end(sentence)
        return status

    def end(self, sentence: str) -> None:
        """Say the last sentence, in one line whatever names are in it."""
        self._close_bar()
        print(" ".join(sentence.split()), file=sys.stderr, flush=True)

    def _close_bar(self) -> None:
        if self._bar_open:
            print(file=sys.stderr, flush=True)
            self._bar_open = False


def duration(seconds: float) -> str:
    """Say a time as a person would: `8 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(str(value).split())


def _is_number(text: str) -> bool:
    try:
        float(text.rstrip("%").replace(",", ""))
    except ValueError:
        return text == "–"
    return True


def _words(step: Progress) -> str:
    total = f" of {step.total:,.0f}" if step.total else ""
    count = f": {step.done:,.0f}{total} {step.unit}".rstrip() if step.total or step.done else ""
    left = f", about {duration(step.seconds_left)} left" if step.seconds_left else ""
    of_passes = f", pass {step.current_pass} of {step.passes:g}" if step.current_pass else ""
    return f"{step.stage}{of_passes}{count}{left}"


def _bar(step: Progress, share: float | None) -> str:
    if share is None:
        return _words(step)
    full = round(24 * min(1.0, share))
    return f"{'━' * full}{'╌' * (24 - full)} {_words(step)}"
