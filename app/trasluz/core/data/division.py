"""Dividing an index into train, val and test: what the layout says stays, what is missing is drawn."""

import itertools
import sqlite3
from collections.abc import Iterator

from .splits import Unit, draw, joined, kept_for_judging


def divide(db: sqlite3.Connection, *, seed: int, stratified: bool) -> bool:
    """Give every usable item its split and its place in it.

    Items of one content, or of one group, are drawn together. Where no val is given, it is drawn from what is to be
    learned from; test is never touched. An item without a split goes where its own content has been put already.

    Returns:
        Whether the layout said what is kept for judging.
    """
    given: dict[str | None, int] = dict(
        db.execute("SELECT given, count(*) FROM items WHERE error IS NULL GROUP BY given").fetchall()
    )
    db.execute("UPDATE items SET split = given WHERE error IS NULL")
    if given.get(None) and len(given) > 1:
        db.execute("CREATE TEMP TABLE placed (hash BLOB PRIMARY KEY, split TEXT) WITHOUT ROWID")
        db.execute(
            "INSERT INTO placed SELECT hash, min(given) FROM items"
            " WHERE error IS NULL AND given IN ('test', 'val') GROUP BY hash"
        )
        db.execute(
            "UPDATE items SET split = placed.split FROM placed"
            " WHERE items.error IS NULL AND items.given IS NULL AND placed.hash = items.hash"
        )
    db.execute("UPDATE items SET split = 'train' WHERE error IS NULL AND split IS NULL")
    if not given.get("val"):
        _draw_val(db, seed=seed, stratified=stratified)
    place(db)
    return bool(given.get("val"))


def place(db: sqlite3.Connection) -> None:
    """Number the items of each split, without gaps."""
    db.execute(
        "UPDATE items SET position = r.n FROM (SELECT id, row_number() OVER (PARTITION BY split ORDER BY id) - 1 AS n"
        " FROM items WHERE split IS NOT NULL) AS r WHERE r.id = items.id AND r.n IS NOT items.position"
    )


def _draw_val(db: sqlite3.Connection, *, seed: int, stratified: bool) -> None:
    label = "label" if stratified else "''"
    db.executescript("CREATE TEMP TABLE pool (item INTEGER PRIMARY KEY, label TEXT, hash BLOB, unit TEXT)")
    db.execute(
        f"INSERT INTO pool SELECT id, {label}, hash, CASE grp WHEN '' THEN 'content ' || hex(hash)"
        " ELSE 'group ' || grp END FROM items WHERE split = 'train'"
    )
    _join_groups(db)
    db.create_function("draw", 1, lambda key: draw(seed, key), deterministic=True)
    db.executescript(
        "CREATE INDEX pool_unit ON pool (unit);"
        "CREATE TEMP TABLE units AS SELECT unit, min(label) AS label, count(*) AS size, draw(unit) AS drawn"
        " FROM pool GROUP BY unit;"
        "CREATE TEMP TABLE kept (unit TEXT PRIMARY KEY) WITHOUT ROWID;"
    )
    totals = dict(db.execute("SELECT label, sum(size) FROM units GROUP BY label").fetchall())
    units = (Unit(*row) for row in db.execute("SELECT unit, label, size FROM units ORDER BY label, drawn, unit"))
    db.executemany("INSERT INTO kept VALUES (?)", ((key,) for key in kept_for_judging(units, totals)))
    db.execute(
        "UPDATE items SET split = 'val' WHERE id IN (SELECT item FROM pool WHERE unit IN (SELECT unit FROM kept))"
    )
    db.executescript("DROP TABLE pool; DROP TABLE units; DROP TABLE kept;")


def _join_groups(db: sqlite3.Connection) -> None:
    """Make one unit of groups that share a content; without groups there is nothing to do."""
    if db.execute("SELECT 1 FROM pool WHERE unit LIKE 'group %' LIMIT 1").fetchone() is None:
        return
    shared = db.execute(
        "SELECT hash, unit FROM pool"
        " WHERE hash IN (SELECT hash FROM pool GROUP BY hash HAVING count(DISTINCT unit) > 1)"
        " GROUP BY hash, unit ORDER BY hash, unit"
    )
    for unit, stands in joined(_links(shared)).items():
        if unit != stands:
            db.execute("UPDATE pool SET unit = ? WHERE unit = ?", (stands, unit))


def _links(rows: sqlite3.Cursor) -> Iterator[tuple[str, str]]:
    for (hash_a, unit_a), (hash_b, unit_b) in itertools.pairwise(rows):
        if hash_a == hash_b:
            yield unit_a, unit_b
