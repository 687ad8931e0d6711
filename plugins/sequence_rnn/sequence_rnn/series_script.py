"""The programs that go with an exported model of labelled series, with onnxruntime and numpy alone."""

from pathlib import Path

from trasluz.api import ModelCard

from .table_script import with_tables

_HEAD = '''\
"""{sentence} Needs: pip install onnxruntime numpy. Use: python predict.py FILE ...

FILE is a CSV, TSV or .ts; of several series in it each is answered, or one: FILE#row 12, FILE#case 3."""
@IMPORTS@
here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
channels = card["extra"]["facts"]["channels"]
LABELS = {{"label", "class", "target", "category", "activity", "state"}}
CASES = {{"case", "case_id", "caseid", "series", "series_id", "sample", "sample_id", "sequence", "id"}}
STEPS = {{"t", "time", "timestamp", "step", "date", "datetime", "seconds", "index", "dim_time"}}


@TABLES@

def looked_at(path):
    """The rows of a table, whether commas are decimal, whether a line names the columns, and label, case, time."""
    table, comma = rows_of(path)
    head = [cell.strip().lower() for cell in table[0]]
    headed = not any(is_number(cell, comma) for cell in head)
    names = head if headed else [""] * len(head)
    told = (LABELS, CASES, STEPS)
    return table, comma, headed, [next((i for i, n in enumerate(names) if n in each), None) for each in told]


def parts(given):
    """The series that a file holds, each as it can be asked for; the file where it is one series."""
    if not Path(given).exists():
        return [given]
    if given.lower().endswith(".ts"):
        lines = Path(given).read_text(encoding="utf-8-sig").splitlines()
        begun = next((n for n, line in enumerate(lines) if line.lower().startswith("@data")), -1)
        return [f"{{given}}#row {{n + 1}}" for n, line in enumerate(lines) if n > begun and line.strip()]
    table, _, headed, (label, case, time) = looked_at(given)
    if case is not None and label is not None:
        return [f"{{given}}#case {{name}}" for name in dict.fromkeys(row[case].strip() for row in table[1:] if row)]
    if channels == 1 and len(table[0]) > 3 and case is None and time is None and (label is not None or not headed):
        return [f"{{given}}#row {{n + 1}}" for n, row in enumerate(table) if n >= headed and row]
    return [given]


def read(given):
    """The series that is named: (1, steps, channels) float32, NaN where there is no value."""
    path, _, part = (given, "", "") if Path(given).exists() else given.rpartition("#")
    if path.lower().endswith(".ts"):
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        begun = next((n for n, line in enumerate(lines) if line.lower().startswith("@data")), -1)
        line = lines[int(part.split()[1]) - 1] if part else lines[begun + 1]
        channels = []
        for channel in line.strip().rsplit(":", 1)[0].split(":"):
            cells = channel.strip("()").split("),(") if channel.startswith("(") else channel.split(",")
            channels.append([value(path, cell.split(",")[-1], False) for cell in cells])
        values = np.full((max(map(len, channels)), len(channels)), np.nan)
        for d, channel in enumerate(channels):
            values[: len(channel), d] = channel
        return trimmed(values)
    table, comma, headed, (label, case, time) = looked_at(path)
    if part.startswith("row"):  # the label, then the values
        row = table[int(part.split()[1]) - 1]
        label = 0 if label is None else label
        return trimmed(np.array([[value(path, cell, comma)] for i, cell in enumerate(row) if i != label]))
    rows = [row for row in table[headed:] if row]
    if part.startswith("case"):
        rows = [row for row in rows if row[case].strip() == part.partition(" ")[2]]
    columns = [i for i in range(len(table[0])) if i not in (label, case, time)]
    if headed:  # but for columns of text
        columns = [i for i in columns if np.mean([is_number(row[i], comma) for row in rows]) >= 0.8]
    values = np.array([[value(path, row[i], comma) for i in columns] for row in rows], np.float32)
    if time is not None:
        times = days_in([row[time] for row in rows])
        values = values[first_of_each(times)] if np.isfinite(times).all() else values
    return values[None]


def value(path, cell, comma):
    """A number, or NaN for an empty cell, NA or ?."""
    try:
        return number(cell, comma)
    except ValueError:
        sys.exit(f"{{path}} has {{cell.strip()!r}} among its numbers; correct it, or leave the cell empty.")


def trimmed(values):
    """Without what is empty at the end."""
    there = np.flatnonzero(np.isfinite(values).any(axis=1))
    return values[: there[-1] + 1][None].astype(np.float32)

'''

_CLASSES = """
chosen = here / "answering.json"  # there if the person chose when the model says “don’t know”
least = json.loads(chosen.read_text(encoding="utf-8")).get("unsure_below") or 0.0 if chosen.exists() else 0.0
for given in (part for file in sys.argv[1:] for part in parts(file)):
    scores = session.run(["probabilities"], {"series": read(given)})[0][0]
    best = np.argsort(-scores)[:3]
    unsure = "don't know: " if scores[best[0]] < least else ""
    print(given, unsure + ", ".join(f"{card['labels'][i]} {scores[i]:.4f}" for i in best), sep="\\t")
"""

_STEPS = """
names = card["extra"]["step_labels"]
how = card["extra"]["streaming"]
if sys.argv[1:] == ["--live"]:  # a line of numbers for each step, and the label of each as it comes
    stream = Stream(lambda wanted, feeds: dict(zip(wanted, session.run(wanted, feeds))), how, ["probabilities"])
    for line in sys.stdin:
        step = np.array([[number(cell) for cell in line.split(",")]], np.float32)
        print(names[stream.hear(step)["probabilities"][0].argmax()], flush=True)
    sys.exit()
for given in (part for file in sys.argv[1:] for part in parts(file)):
    best = session.run(["probabilities"], {"series": read(given), **nothing_heard(how)})[0][0].argmax(1)
    runs = [f"{names[n]} × {sum(1 for _ in run)}" for n, run in groupby(best.tolist())]
    print(given, " → ".join(runs), sep="\\t")
"""
_PLAIN_STEPS = """
names = card["extra"]["step_labels"]
for given in (part for file in sys.argv[1:] for part in parts(file)):
    best = session.run(["probabilities"], {"series": read(given)})[0][0].argmax(1)
    runs = [f"{names[n]} × {sum(1 for _ in run)}" for n, run in groupby(best.tolist())]
    print(given, " → ".join(runs), sep="\\t")
"""


def class_script() -> str:
    """Names the class of a series."""
    return with_tables(_HEAD.format(sentence="Says of which class a series is.") + _CLASSES)


def step_script(card: ModelCard) -> str:
    """Labels each step of a series; steps as they come too, where the model reads forward only."""
    live = "streaming" in card.extra
    uses = "\n`python predict.py --live` reads a line of numbers for each step as it comes." if live else ""
    head = _HEAD.format(sentence=f"Labels each step of a series.{uses}")
    if not live:
        return with_tables(head + _PLAIN_STEPS)
    stream = (Path(__file__).parent / "streaming.py").read_text(encoding="utf-8")
    return with_tables(head + "\n" + stream[stream.index("class Stream") :] + "\n" + _STEPS)
