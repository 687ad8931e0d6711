"""Building the index: walk, look into each file, divide, check. In bounded memory, and all or nothing."""

import hashlib
import json
import os
import sqlite3
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from trasluz.api import DataError, DatasetSource, Detection, Problem, Progress, Record, Severity
from trasluz.core.corrections import Corrections
from trasluz.core.nouns import plurals

from . import division
from .corrected import settle
from .database import SEVERITIES, VERSION, same_file_version, written_anew
from .names import located, quoted, shown
from .summary import has_classes
from .walk import unopened

Tell = Callable[[Progress], None]

_BATCH: Final = 2_000
_TOGETHER: Final = 256
_COLUMNS: Final = "id, path, part, label, given, grp, length, extra"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What looking into one file gave."""

    item: int
    hash: bytes | None = None
    found: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None
    error: str | None = None


def build_index(
    root: Path,
    at: Path,
    sources: Sequence[DatasetSource],
    *,
    seed: int = 0,
    corrections: Corrections | None = None,
    progress: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DatasetSource:
    """Index the data at `root` into the file `at` and return the source that reads it.

    Raises:
        DataError: If it cannot be used at all; the earlier index then stays as it was.
        CancelledError: If `cancelled` said so.
    """
    root = root.expanduser().absolute()
    source, detection = _recognise(root, sources)
    builder = _Builder(root, source, progress or (lambda _: None), cancelled or (lambda: False))
    with written_anew(at) as db:
        builder.collect(db)
        builder.take_over(db, at)
        builder.look_into_files(db)
        builder.note_problems(db)
        builder.make_sure_of_items(db)
        stratified = has_classes(source.kind)
        split_given = division.divide(db, seed=seed, stratified=stratified)
        settled = settle(db, corrections or Corrections(), noun=source.input_name, stratified=stratified)
        facts = {
            "version": str(VERSION),
            "source": source.id,
            "kind": str(source.kind),
            "root": shown(root),
            "layout": detection.layout,
            "seen": detection.sentence,
            "input_name": source.input_name,
            "suffixes": json.dumps(source.suffixes),
            "seed": str(seed),
            "split_given": "1" if split_given else "",
            **settled,
        }
        db.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        builder.stop_if_asked()
    return source


def _recognise(root: Path, sources: Sequence[DatasetSource]) -> tuple[DatasetSource, Detection]:
    try:
        if root.is_dir():
            with os.scandir(root) as entries:
                empty = next(entries, None) is None
        else:
            empty = root.stat().st_size == 0
    except OSError as error:
        raise DataError(unopened(root, error)) from error
    if empty:
        raise DataError(f"{quoted(root)} is empty; choose a folder with data in it.")
    best: tuple[float, DatasetSource, Detection] | None = None
    advice = ""
    for source in sources:
        try:
            found = source.detect(root)
        except DataError as error:
            advice = advice or str(error)
            continue
        except Exception:  # a stranger's reader; the others are asked all the same
            continue
        if found is not None and (best is None or found.confidence > best[0]):
            best = (found.confidence, source, found)
    if best is None:
        raise DataError(
            advice
            or f"Nothing in {quoted(root)} is recognised as data to learn from; "
            "put the photos of each class into a folder named after it, or see “Data” in the guide."
        )
    return best[1], best[2]


class _Builder:
    def __init__(self, root: Path, source: DatasetSource, tell: Tell, cancelled: Callable[[], bool]) -> None:
        self.root = root
        self.folder = root if root.is_dir() else root.parent
        self.source = source
        self.tell = tell
        self.cancelled = cancelled
        self.nouns = plurals(source.input_name)

    def stop_if_asked(self) -> None:
        if self.cancelled():
            raise CancelledError

    def collect(self, db: sqlite3.Connection) -> None:
        """Walk the layout into the tables; only a stat of each file."""
        told = time.monotonic()
        count = 0
        try:
            for found in self.source.records(self.root):
                if isinstance(found, Problem):
                    _insert_problem(db, found)
                else:
                    count += self._insert(db, found)
                if time.monotonic() - told > 0.2:
                    told = time.monotonic()
                    self.stop_if_asked()
                    self.tell(Progress(stage=f"Looking for {self.nouns}", done=count, unit=self.nouns))
        except OSError as error:
            raise DataError(unopened(self.root, error)) from error
        self._make_sure_of_root()
        self.tell(Progress(stage=f"Looking for {self.nouns}", done=count, total=count, unit=self.nouns))

    def _insert(self, db: sqlite3.Connection, record: Record) -> int:
        size = mtime = None
        try:
            status = (self.folder / located(record.path)).stat()
            size, mtime = status.st_size, status.st_mtime_ns
        except (OSError, ValueError):
            pass  # looking into the file will say why
        path, part = _valid(record.path), _valid(record.part)
        row = db.execute(
            "INSERT OR IGNORE INTO items (path, part, label, given, grp, length, extra, size, mtime)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path,
                part,
                _valid(record.target),
                record.split,
                _valid(record.group),
                record.length,
                json.dumps(dict(record.extra)) if record.extra else None,
                size,
                mtime,
            ),
        )
        if not row.rowcount:
            sentence = f"{quoted(path)} is listed more than once; the first time counts."
            _insert_problem(db, Problem("listed-twice", sentence, Severity.WARNING, (path,)))
        return row.rowcount

    def take_over(self, db: sqlite3.Connection, at: Path) -> None:
        """Keep what the earlier index knows of files whose size and time have not changed."""
        if not same_file_version(at):
            return
        db.commit()
        try:
            db.execute("ATTACH ? AS old", (f"{at.absolute().as_uri()}?mode=ro",))
        except sqlite3.Error:
            return
        try:
            same = db.execute("SELECT value FROM old.meta WHERE key = 'source'").fetchone()
            if same is not None and same[0] == self.source.id:
                db.execute(
                    "UPDATE items SET hash = o.hash, found = o.found FROM old.items AS o"
                    " WHERE o.path = items.path AND o.part = items.part AND o.extra IS items.extra"
                    " AND o.size = items.size AND o.mtime = items.mtime AND o.hash IS NOT NULL AND o.error IS NULL"
                )
        except sqlite3.DatabaseError as error:
            if "full" in str(error):
                raise
            db.execute("UPDATE items SET hash = NULL, found = NULL")  # the old one is damaged: look at everything
        db.commit()
        db.execute("DETACH old")

    def look_into_files(self, db: sqlite3.Connection) -> None:
        """Hash and check each file that is new or changed, some at once."""
        total: int = db.execute("SELECT count(*) FROM items WHERE hash IS NULL").fetchone()[0]
        start = told = time.monotonic()
        for done, seen in enumerate(self._looking(db), start=1):
            db.execute(
                "UPDATE items SET hash = ?, found = ?, rule = ?, error = ? WHERE id = ?",
                (seen.hash, json.dumps(seen.found) if seen.found else None, seen.rule, seen.error, seen.item),
            )
            now = time.monotonic()
            if now - told > 0.2 or done == total:
                told = now
                self.stop_if_asked()
                rate = done / max(now - start, 1e-6)
                self.tell(
                    Progress(
                        stage=f"Checking the {self.nouns}",
                        done=done,
                        total=total,
                        unit=self.nouns,
                        rate=rate,
                        seconds_left=(total - done) / rate,
                    )
                )
        db.execute(
            "UPDATE items SET width = json_extract(found, '$.extra.width'),"
            " height = json_extract(found, '$.extra.height'),"
            " length = coalesce(json_extract(found, '$.length'), length)"
            " WHERE found IS NOT NULL"
        )

    def _looking(self, db: sqlite3.Connection) -> Iterator[_Seen]:
        workers = min(8, os.cpu_count() or 2)
        # Where a file holds many items, each is looked at in less time than it takes to ask a thread for it.
        many = type(self.source).content is not DatasetSource.content
        at_once = _TOGETHER if many else 1
        waiting: deque[Future[list[_Seen]]] = deque()
        unseen = _unseen(db)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="look")
        try:
            while chunk := list(islice(unseen, at_once)):
                waiting.append(pool.submit(self._look_at, chunk))
                if len(waiting) >= 4 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _look_at(self, chunk: Sequence[tuple[int, Record]]) -> list[_Seen]:
        return [self._look(item, record) for item, record in chunk]

    def _look(self, item: int, record: Record) -> _Seen:
        path = self.folder / located(record.path)
        try:
            own = self.source.content(self.root, record)
            content = _hash(path, record.part) if own is None else _digest(own)
        except DataError as error:
            self._make_sure_of_root()
            return _Seen(item, rule=getattr(error, "rule", "unreadable"), error=_valid(str(error)))
        except OSError as error:
            self._make_sure_of_root()
            return _Seen(item, rule="missing", error=unopened(record.path, error))
        except ValueError:  # a zero byte, which only a manifest can hold
            return _Seen(item, rule="missing", error=f"{quoted(record.path)} cannot be opened: its name leads nowhere.")
        if content is None:
            return _Seen(item, rule="unreadable", error=f"{quoted(record.path)} is not a file; it is left out.")
        try:
            checked = self.source.check(self.root, record)
        except DataError as error:
            self._make_sure_of_root()
            return _Seen(item, hash=content, rule=getattr(error, "rule", "unreadable"), error=_valid(str(error)))
        except Exception as error:  # a stranger's reader; the file is set aside, the rest goes on
            sentence = f"{quoted(record.path)} cannot be read ({type(error).__name__}: {error}); it is left out."
            return _Seen(item, hash=content, rule="unreadable", error=_valid(sentence))
        added: dict[str, Any] = {k: v for k, v in checked.extra.items() if record.extra.get(k) != v}
        found: dict[str, Any] = {"extra": added} if added else {}
        if checked.length is not None and checked.length != record.length:
            found["length"] = checked.length
        return _Seen(item, hash=content, found=found)

    def note_problems(self, db: sqlite3.Connection) -> None:
        """Write down what was found file by file: errors, and what is unusual."""
        db.execute(
            "INSERT INTO problems (rule, severity, sentence, item, path)"
            " SELECT rule, ?, error, id, path FROM items WHERE error IS NOT NULL",
            (SEVERITIES.index("error"),),
        )
        db.execute(
            "INSERT INTO problems (rule, severity, sentence, item, path)"
            " SELECT json_extract(n.value, '$[0]'), 0, json_extract(n.value, '$[1]'), i.id, i.path"
            " FROM items AS i, json_each(i.found, '$.extra.notes') AS n WHERE i.error IS NULL"
        )

    def make_sure_of_items(self, db: sqlite3.Connection) -> None:
        """Stop where nothing is left to learn from; the sentence is that of the first file."""
        usable, total = db.execute("SELECT count(*) FILTER (WHERE error IS NULL), count(*) FROM items").fetchone()
        if usable:
            return
        first = db.execute("SELECT sentence FROM problems ORDER BY severity DESC, id LIMIT 1").fetchone()
        because = f" {first[0]}" if first else ""
        if total:
            raise DataError(f"None of the {total:,} {self.nouns} in {quoted(self.root)} can be used.{because}")
        raise DataError(f"There are no {self.nouns} in {quoted(self.root)}.{because}")

    def _make_sure_of_root(self) -> None:
        if not self.root.exists():
            raise DataError(
                f"{quoted(self.root)} went away while it was being read; bring its drive back and try again. "
                "Nothing that was known about it is lost."
            )


def _unseen(db: sqlite3.Connection) -> Iterator[tuple[int, Record]]:
    last = 0
    while rows := db.execute(
        f"SELECT {_COLUMNS} FROM items WHERE hash IS NULL AND id > ? ORDER BY id LIMIT {_BATCH}", (last,)
    ).fetchall():
        for item, path, part, label, given, group, length, extra in rows:
            yield (
                item,
                Record(path, label, part, given, group, length, json.loads(extra) if extra else {}),
            )
        last = rows[-1][0]


def _hash(path: Path, part: str) -> bytes | None:
    """The content's hash, 16 bytes; with the part's name where a file holds several items. None: not a file."""
    if not stat.S_ISREG(path.stat().st_mode):
        return None  # a pipe would block for ever
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while piece := file.read(2**20):
            digest.update(piece)
    if part:
        digest.update(b"\0" + part.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _insert_problem(db: sqlite3.Connection, problem: Problem) -> None:
    rows = [
        (problem.rule, SEVERITIES.index(str(problem.severity)), _valid(problem.sentence), _valid(path) or None)
        for path in problem.paths or ("",)
    ]
    db.executemany("INSERT INTO problems (rule, severity, sentence, path) VALUES (?, ?, ?, ?)", rows)


def _valid(text: str) -> str:
    """Text that SQLite takes; readers by strangers may not know `names.shown`."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return shown(text)
    return text
