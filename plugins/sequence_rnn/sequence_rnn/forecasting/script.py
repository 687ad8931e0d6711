"""The program that goes with an exported forecaster, with onnxruntime and numpy alone."""

from ..table_script import with_tables

_PREDICT = '''\
"""Forecasts a series. Needs: pip install onnxruntime numpy. Use: python predict.py FILE.csv ...

FILE has a first line that names the columns, one of them a date or time, and a row for each step in the order of time;
an empty cell is a missing value. Of several series below one another name one: FILE.csv#NAME. FILE.csv#rows 1–90 goes
on after row 90."""
@IMPORTS@
here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
facts = card["extra"]
plan, rhythm = facts["plan"], facts["rhythm"]
logarithm = np.array(plan["logarithm"])


@TABLES@

def read(given):
    """Values (rows, columns) float32 and times (rows,), at the steps of the rhythm that the model has learned."""
    path, _, part = (given, "", "") if Path(given).exists() else given.rpartition("#")
    table, comma = rows_of(path)
    head = [name.strip().strip('"') for name in table[0]]
    for each in facts["columns"]:
        if each not in head:
            sys.exit(f"{path} has no column {each!r}, which the model was trained with.")
    columns = [head.index(each) for each in facts["columns"]]
    rows = [row + [""] * (len(head) - len(row)) for row in table[1:] if len(row) > max(columns)]
    stretch = re.search(r"(?:^|, )rows (\\d+)–(\\d+)$", part)
    name = part[: stretch.start()] if stretch else part
    if name:
        rows = [row for row in rows if name in (" ".join(cell.split()) for cell in row)]
    if not rows:
        sys.exit(f"{given} has no rows.")
    others = [i for i, each in enumerate(head) if each not in facts["columns"]]
    known = {i: np.isfinite(days_in([row[i] for row in rows])).mean() for i in others}
    lower = [each.lower() for each in head]
    named = [lower.index(each) for each in TIMES if each in lower and known.get(lower.index(each), 0) >= 0.8]
    time = next(iter(named or [i for i in others if known[i] >= 0.8]), None)
    if time is None:
        sys.exit(f"{path} has no column of dates or times.")
    times = days_in([row[time] for row in rows])
    order = first_of_each(times)
    if len(order) < 0.6 * len(rows):
        sys.exit(f"{path} holds several series; say which: {path}#NAME.")
    values = np.array([[cell(row[i], comma) for i in columns] for row in rows], np.float32)
    times, values = on_grid(times[order], values[order], rhythm)
    if stretch:
        times, values = (each[int(stretch[1]) - 1 : int(stretch[2])] for each in (times, values))
    return values, times


def cell(text, comma):
    """A number; NaN where there is none, or text."""
    return number(text, comma) if is_number(text, comma) else float("nan")


def after(times, count):
    """The next times."""
    last, ahead = float(times[-1]), np.arange(1, count + 1)
    part, whole = last - np.floor(last), np.floor(last).astype(np.int64).astype("datetime64[D]")
    if rhythm["unit"] in ("months", "years"):
        step = round(rhythm["size"] * (12 if rhythm["unit"] == "years" else 1))
        month = whole.astype("datetime64[M]")
        first = (month + (ahead * step).astype("timedelta64[M]")).astype("datetime64[D]").astype(np.int64)
        return first + float((whole - month.astype("datetime64[D]")).astype(int)) + part
    if rhythm["unit"] == "business-days":
        return np.busday_offset(whole, ahead, roll="backward").astype(np.int64) + part
    step = rhythm["size"] if rhythm["unit"] == "days" else np.median(np.diff(times)) if len(times) > 1 else 1.0
    return last + step * ahead


def run(window, days):
    feed = {"series": window[None]}
    if facts["periods"]:
        feed["days"] = days[None]
    return [each[0] for each in session.run(["forecast", "spread"], feed)]


for given in sys.argv[1:]:
    values, times = read(given)
    size, horizon = plan["window"], plan["horizon"]
    window = np.full((size, values.shape[1]), np.nan, np.float32)
    window[size - len(values[-size:]) :] = values[-size:]
    kept = times[-size:]
    step = np.median(np.diff(kept)) if len(kept) > 1 else 1.0
    kept = np.concatenate([kept[0] - step * np.arange(size - len(kept), 0, -1), kept])
    days = np.concatenate([kept, after(times, horizon)])
    if facts["way"] == "direct":
        forecast, spread = run(window, days)
    else:
        steps = []
        for ahead in range(horizon):
            one, own = run(window, days[ahead : ahead + size + 1])
            spread = own if ahead == 0 else spread
            steps.append(one[0])
            window = np.concatenate([window[1:], one[:1]]).astype(np.float32)
        forecast = np.stack(steps)
    forecast, spread = forecast.astype(np.float64), spread.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.where(logarithm, np.log(forecast), forecast)
    reach = np.array(facts["widths"]) * spread
    low, high = (np.where(logarithm, np.exp(end), end) for end in (middle - reach, middle + reach))
    texts = []
    for c in plan["targets"]:
        cells = [f"{forecast[h, c]:.6g} [{low[h, c]:.4g}, {high[h, c]:.4g}]" for h in range(horizon)]
        texts.append(facts["columns"][c].replace(";", ",").replace(": ", " ") + ": " + " ".join(cells))
    print(given, "; ".join(texts), sep="\\t")
'''


def forecast_script() -> str:
    """The source of `predict.py`; it reads tables as the program does."""
    return with_tables(_PREDICT)
