"""The programs that go with an exported model of labelled series, with onnxruntime and numpy alone."""

_HEAD = '''\
"""{sentence} Needs: pip install onnxruntime numpy. Use: python predict.py FILE ...

FILE is a CSV, TSV or .ts with one series, or one series of several: FILE#row 12, FILE#case 3."""
import csv
import json
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
channels = card["extra"]["facts"]["channels"]
LABELS = {{"label", "class", "target", "category", "activity", "state"}}
CASES = {{"case", "case_id", "caseid", "series", "series_id", "sample", "sample_id", "sequence", "id"}}
TIMES = {{"t", "time", "timestamp", "step", "date", "datetime", "seconds", "index", "dim_time"}}


def number(cell):
    """A number, or NaN for an empty cell, NA or ?."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def read(given):
    """The series that is named: (1, steps, channels) float32, NaN where there is no value."""
    path, _, part = (given, "", "") if Path(given).exists() else given.rpartition("#")
    lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    if path.lower().endswith(".ts"):
        begun = next((n for n, line in enumerate(lines) if line.lower().startswith("@data")), -1)
        line = lines[int(part.split()[1]) - 1] if part else lines[begun + 1]
        rows = []
        for channel in line.strip().rsplit(":", 1)[0].split(":"):
            cells = channel.strip("()").split("),(") if channel.startswith("(") else channel.split(",")
            rows.append([number(cell.split(",")[-1]) for cell in cells])
        values = np.full((max(map(len, rows)), len(rows)), np.nan)
        for d, row in enumerate(rows):
            values[: len(row), d] = row
        return trimmed(values)
    mark = max("\\t;,", key=lines[0].count)
    table = list(csv.reader(lines, delimiter=mark))
    head = [cell.strip().lower() for cell in table[0]]
    headed = all(cell and np.isnan(number(cell)) for cell in head)
    names = head if headed else [""] * len(head)
    told = {{i for i, name in enumerate(names) if name in LABELS | CASES | TIMES}}
    if part.startswith("row"):  # the label, then the values
        label = next((i for i, name in enumerate(names) if name in LABELS), 0)
        row = table[int(part.split()[1]) - 1]
        return trimmed(np.array([[number(cell)] for i, cell in enumerate(row) if i != label]))
    rows = [row for row in table[headed:] if row]
    if part.startswith("case"):
        case = next(i for i, name in enumerate(names) if name in CASES)
        rows = [row for row in rows if row[case].strip() == part.partition(" ")[2]]
    time = next((i for i, name in enumerate(names) if name in TIMES), None)
    if time is not None and not any(np.isnan(number(row[time])) for row in rows):
        rows.sort(key=lambda row: number(row[time]))
        rows = [next(group) for _, group in groupby(rows, key=lambda row: number(row[time]))]
    columns = [i for i in range(len(head)) if i not in told]
    return np.array([[number(row[i]) for i in columns] for row in rows], np.float32)[None]


def trimmed(values):
    """Without what is empty at the end."""
    there = np.flatnonzero(np.isfinite(values).any(axis=1))
    return values[: there[-1] + 1][None].astype(np.float32)

'''

_CLASSES = """
chosen = here / "answering.json"  # there if the person chose when the model says “don’t know”
least = json.loads(chosen.read_text(encoding="utf-8")).get("unsure_below") or 0.0 if chosen.exists() else 0.0
for given in sys.argv[1:]:
    scores = session.run(["probabilities"], {"series": read(given)})[0][0]
    best = np.argsort(-scores)[:3]
    unsure = "don't know: " if scores[best[0]] < least else ""
    print(given, unsure + ", ".join(f"{card['labels'][i]} {scores[i]:.4f}" for i in best), sep="\\t")
"""

_STEPS = """
names = card["extra"]["step_labels"]
for given in sys.argv[1:]:
    best = session.run(["probabilities"], {"series": read(given)})[0][0].argmax(1)
    runs = [f"{names[n]} × {sum(1 for _ in run)}" for n, run in groupby(best.tolist())]
    print(given, " → ".join(runs), sep="\\t")
"""


def class_script() -> str:
    """Names the class of a series."""
    return _HEAD.format(sentence="Says of which class a series is.") + _CLASSES


def step_script() -> str:
    """Names the label of each step."""
    return _HEAD.format(sentence="Labels each step of a series.") + _STEPS
