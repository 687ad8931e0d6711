"""Forecasts: nothing that comes later is seen, what is written comes back, intervals hold what they say."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_rnn.forecasting.baselines import baselines, verdict
from sequence_rnn.forecasting.explain import AgainstSimple, ErrorsByHorizon, ForecastAhead
from sequence_rnn.forecasting.fitting import Plan
from sequence_rnn.forecasting.intervals import Missed, covered, widths_for
from sequence_rnn.forecasting.lesson import later_half
from sequence_rnn.forecasting.network import Forecaster, write_forecaster
from sequence_rnn.forecasting.predict import ForecastPredictor
from sequence_rnn.forecasting.rolling import forecast, interval
from sequence_rnn.forecasting.texts import read, scores, written
from sequence_rnn.forecasting.time import time_words, times_after
from sequence_rnn.forecasting.windows import Forecasting
from sequence_rnn.recurrent import RecurrentCore
from trasluz.api import DataError, Record, Sample
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources

MONTHLY = {"unit": "months", "size": 1.0, "season": 12, "horizon": 12, "name": "monthly"}


def months(count: int, height=lambda m: 100 + m + 30 * np.sin(m * np.pi / 6)) -> str:
    rows = [f"{1990 + m // 12}-{m % 12 + 1:02},{height(m):.4f},{m % 5}" for m in range(count)]
    return "\n".join(["month,sales,other", *rows])


def opened(folder: Path, text: str, **wanted: object) -> Forecasting:
    folder.mkdir(exist_ok=True)
    at = folder / "data.csv"
    at.write_text(text, encoding="utf-8")
    index = Index.build(at, folder / "index.sqlite", builtin_sources())
    return Forecasting(index, {"columns": "sales", **wanted})


def changed_after(text: str, row: int) -> str:
    """The same table with another future."""
    lines = text.splitlines()
    for at in range(row + 1, len(lines)):
        month, *_ = lines[at].split(",")
        lines[at] = f"{month},{(at * 7919) % 1000},{at % 3}"
    return "\n".join(lines)


@pytest.mark.parametrize("row", [80, 100, 110])
def test_another_future_changes_nothing_before_it(tmp_path: Path, row: int) -> None:
    """Whatever is fitted, seen or learned from before a row is the same, bit for bit, when all after it is another."""
    text = months(120)
    one, other = opened(tmp_path / "a", text), opened(tmp_path / "b", changed_after(text, row))
    trained = 96  # the first four fifths
    if row >= trained:
        assert one.plan == other.plan
        assert np.array_equal(one.naive[0], other.naive[0])
        assert one.training(10_000) == other.training(10_000)
    before = [r for r in one.records("val") if int(r.extra["at"]) <= row]
    for record in before:
        same = next(r for r in other.records("val") if r.extra["at"] == record.extra["at"])
        a, b = one.read(record), other.read(same)
        assert np.array_equal(a.array("series"), b.array("series"))
        assert np.array_equal(a.array("times"), b.array("times"))
    if row == 110:
        items = [(0, int(record.extra["at"])) for record in before]
        for name, values in baselines(one, items, lambda: False).items():
            twins = baselines(other, items, lambda: False)[name]
            assert all(np.allclose(x, y, equal_nan=True) for x, y in zip(values, twins, strict=True)), name


def test_windows_to_learn_from_end_before_what_is_judged(tmp_path: Path) -> None:
    data = opened(tmp_path / "a", months(120))
    assert max(at for _, at in data.training(10_000)) + data.plan.horizon <= data.series[0].ends["val"][0]
    for record in data.records("val"):
        assert data.read(record).array("times")[-1] < data.series[0].times[int(record.extra["at"])]


def test_season_scale_and_window_are_found(tmp_path: Path) -> None:
    grown = months(120, lambda m: (100 + 3 * m) * (1 + 0.4 * np.sin(m * np.pi / 6)))
    plan = opened(tmp_path / "a", grown).plan
    assert (plan.season, plan.difference, plan.horizon, plan.logarithm[0]) == (12, "season", 12, True)
    noise = np.random.default_rng(0).normal(0, 1, 200)
    level = opened(tmp_path / "c", months(200, lambda m: 50 + noise[m])).plan
    assert level.difference == "level"
    assert level.newest < 0.5
    draw = noise.cumsum()
    walk = opened(tmp_path / "b", months(200, lambda m: draw[m]))
    assert (walk.plan.season, walk.plan.difference, walk.plan.logarithm[0]) == (1, "last", False)


def test_settings_that_do_not_fit_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose smaller ones"):
        opened(tmp_path / "a", months(60), window=500)
    with pytest.raises(DataError, match="no column “price”"):
        opened(tmp_path / "b", months(60), columns="price")
    with pytest.raises(DataError, match="no logarithm"):
        opened(tmp_path / "c", months(60, lambda m: m - 30.0), scale="logarithm")


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), min_size=1, max_size=6),
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1),
        min_size=2,
        max_size=2,
        unique=True,
    ),
)
@settings(deadline=None, max_examples=25)
def test_forecasts_come_back_from_their_text(values, names) -> None:
    array = np.array(values)
    found = read(written(["a " + n for n in names], array, low=array - 1, high=array + 1, naive=np.array([0.5, 2])))
    assert len(found) == 2
    for (back, naive), column, scale in zip(found.values(), array.T, (0.5, 2), strict=True):
        assert np.allclose(back, column, rtol=1e-5)
        assert naive == scale


def test_scores_are_those_of_the_papers() -> None:
    found = scores(["y: 10 20 30"], ["y: 12 20 – (naive 4)"])
    assert found["mae"] == 1.0
    assert found["rmse"] == pytest.approx(2**0.5)
    assert found["smape"] == pytest.approx(200 * 2 / 22 / 2)
    assert found["mase"] == 0.25


def missed(gaps: np.ndarray, apart: int = 100) -> Missed:
    return Missed(gaps, np.zeros(len(gaps), int), apart * np.arange(len(gaps)))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_intervals_hold_the_share_that_they_say(coverage: float) -> None:
    draw = np.random.default_rng(0)
    gaps = np.abs(draw.normal(0, 1, (2_000, 3, 2)) * np.array([1, 2, 3])[:, None])
    widths = widths_for([missed(gaps[:1000])], coverage)
    assert (gaps[1000:] <= widths).mean() == pytest.approx(coverage, abs=0.03)
    share, count = covered([missed(gaps[:1000])], missed(gaps[1000:]), coverage)
    assert (share, count) == (pytest.approx(coverage, abs=0.03), 6_000)


def test_intervals_made_from_few_forecasts_hold_what_they_say_all_the_same() -> None:
    """Each of many series gives ten misses to make intervals from, and one to try them on."""
    draw = np.random.default_rng(0)
    held = []
    for _ in range(300):
        gaps = np.abs(draw.normal(0, 1, (11, 2, 1)) * np.array([1, 1.4])[:, None])
        held.append((gaps[10] <= widths_for([missed(gaps[:10])], 0.8)).mean())
    assert 0.78 < np.mean(held) < 0.93


def test_forecasts_that_overlap_count_once_and_what_is_long_ago_counts_less() -> None:
    gaps = np.arange(1.0, 31)[:, None, None].repeat(3, axis=1)
    close = missed(gaps, apart=1)
    assert [close.independent(ahead) for ahead in (1, 3, 30)] == [30, 10, 1]
    assert (widths_for([close], 0.8) >= widths_for([missed(gaps)], 0.8)).all()
    wild, calm = missed(gaps * 9), missed(gaps)
    assert (widths_for([wild, calm], 0.6) > widths_for([calm, wild], 0.6)).all()


def test_networks_for_the_intervals_see_no_more_than_an_earlier_part(tmp_path: Path) -> None:
    data = opened(tmp_path / "a", months(160))
    low, high = data.series[0].ends["train"]
    part = data.earlier(0.5, 0.75)
    assert part.series[0].ends == {"train": (low, high // 2), "val": (high // 2, high * 3 // 4)}
    assert len(part.series[0].values) == high * 3 // 4
    assert max(at for _, at in part.training(10_000)) + part.plan.horizon <= high // 2
    assert part.count("val") > 0
    assert data.series[0].ends["train"] == (low, high)


def test_the_verdict_is_on_what_nothing_was_chosen_by() -> None:
    items = [(0, at) for at in range(50, 60)] + [(1, at) for at in range(20, 25)]
    later = later_half(items)
    assert [item for item, each in zip(items, later, strict=True) if each] == [
        *((0, at) for at in range(55, 60)),
        (1, 23),
        (1, 24),
    ]
    assert not any(later_half(items[:7]))


def test_times_go_on_as_the_calendar_does() -> None:
    def days(text: str) -> float:
        return float(np.datetime64(text).astype("datetime64[D]").astype(int))

    ahead = times_after(np.array([days("2023-11-01"), days("2023-12-01")]), 3, MONTHLY)
    assert ahead.tolist() == [days("2024-01-01"), days("2024-02-01"), days("2024-03-01")]
    working = {"unit": "business-days", "size": 1.0}
    assert times_after(np.array([days("2024-03-01")]), 2, working).tolist() == [days("2024-03-04"), days("2024-03-05")]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("difference", ["last", "season", "level", "none"])
def test_the_graph_computes_what_torch_does_at_once_and_fed_back(tmp_path: Path, cell, difference) -> None:
    import onnxruntime
    import torch

    from trasluz.torchkit.graph import GraphWriter

    torch.manual_seed(0)
    plan = Plan(5, 8, 4, difference, (True, False), (0.01, 0.1), (0, 1), newest=0.3)
    draw = np.random.default_rng(1)
    values = np.exp(draw.normal(0, 1, (20, 2))).astype(np.float32)
    values[[3, 14, 19], [0, 1, 1]] = np.nan
    times = 20_000.0 + np.arange(20)
    for way, ahead in (("direct", 5), ("recursive", 1)):
        core = RecurrentCore(Forecaster.inputs_of(2, 2), 6, layers=1, cell=cell, both_ways=False)
        network = Forecaster(core, plan, ahead=ahead, periods=[365.2425, 7.0], dropout=0.1).eval()
        torch.nn.init.normal_(network.moves.weight)
        writer = GraphWriter()
        write_forecaster(writer, network)
        writer.save(tmp_path / "model.onnx", "test")
        session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])

        def by_onnx(series, days, session=session):
            names = [output.name for output in session.get_outputs()]
            return dict(zip(names, session.run(names, {"series": series, "days": days}), strict=True))

        def by_torch(series, days, network=network):
            with torch.no_grad():
                found = network.everything(torch.from_numpy(series), torch.from_numpy(days))
            return {name: each.numpy() for name, each in found.items()}

        rhythm = {"unit": "days", "size": 1.0}
        one = forecast(by_onnx, values, times, plan=plan, way=way, rhythm=rhythm)
        two = forecast(by_torch, values, times, plan=plan, way=way, rhythm=rhythm)
        assert set(one) == set(two)
        assert one["forecast"].shape == (5, 2)
        for name in one:
            assert np.allclose(one[name], two[name], rtol=1e-3, atol=1e-4), name
        low, high = interval(one, np.ones((5, 2)), plan)
        assert (low < one["forecast"]).all()
        assert (one["forecast"] < high).all()
        assert (low[:, 0] > 0).all()


def test_before_it_learns_the_network_is_the_naive_forecast() -> None:
    import torch

    plan = Plan(3, 8, 4, "season", (False,), (1e-3,), (0,), newest=0.5)
    core = RecurrentCore(2, 4, layers=1, cell="gru", both_ways=False)
    values = torch.arange(8.0)[None, :, None] ** 2
    for difference, expected in (("season", [16, 25, 36]), ("last", [49, 49, 49]), ("level", [38.1255] * 3)):
        network = Forecaster(core, replace(plan, difference=difference), ahead=3, periods=[], dropout=0).eval()
        found = network.everything(values, torch.zeros(1, 11))["forecast"][0, :, 0]
        assert torch.allclose(found, torch.tensor(expected).float(), atol=1e-3)


def test_the_verdict_is_plain() -> None:
    worse, ok = verdict({"mase": 1.2}, {"last value": {"mase": 1.1}, "drift": {"mase": 1.3}})
    assert not ok
    assert "does not beat last value" in worse
    sentence, better = verdict({"mase": 1.0}, {"last value": {"mase": 1.1}})
    assert better and sentence.startswith("The network beats all simple forecasts: its error (MASE) is 1.000")


def test_the_views_of_a_forecaster_say_plainly_whether_and_how_far_it_is_better() -> None:
    extra = {"compared": {"network": {"mase": 0.9}, "drift": {"mase": 0.8}}}
    card = SimpleNamespace(extra=extra | {"by_step": {"network": [0.5, 0.7, 1.2], "drift": [0.6, 0.8, 1.0]}})
    predictor = SimpleNamespace(card=card)
    assert AgainstSimple().explain(predictor, None).title == "The network does not beat drift"  # type: ignore[arg-type]
    reads = ErrorsByHorizon().explain(predictor, None).caption  # type: ignore[arg-type]
    assert "0.50 one step ahead, 1.20 at step 3" in reads and reads.endswith("as far as step 2.")
    card.extra["by_step"]["drift"] = [0.4, 0.8, 1.0]
    assert "from the first step on" in ErrorsByHorizon().explain(predictor, None).caption  # type: ignore[arg-type]


def test_large_numbers_are_written_out_and_times_as_far_as_the_rhythm_tells() -> None:
    text = written(["volume"], np.array([[1_234_567_890.0]]), low=np.array([[12_345.6]]), high=np.array([[2.5e9]]))
    assert text == "volume: 1234567890 [12346, 2500000000]"
    days = {"1958": ("years", -4383 + 120.0), "1958-09": ("months", -4140.0), "2024-05-02": ("business-days", 19845.0)}
    assert {time_words(day, unit): (unit, day) for unit, day in days.values()} == days
    assert time_words(19845.5, "days") == "2024-05-02 12:00"


def test_what_came_stands_beside_the_forecast_where_it_is_known() -> None:
    from types import SimpleNamespace

    facts = {"columns": ["a: b"], "plan": {"targets": [0]}, "coverage": 0.8, "covered": None}

    class Naive(ForecastPredictor):
        card = SimpleNamespace(extra={**facts, "rhythm": {"unit": "months", "size": 1}})
        plan, columns = SimpleNamespace(horizon=3, targets=(0,)), ["a: b"]

        def __init__(self) -> None:
            pass

        def outputs(self, samples):
            return [{"forecast": np.repeat(s.array("series")[-1:], 3, axis=0)} for s in samples]

        def ends(self, outputs):
            return outputs["forecast"] - 1, outputs["forecast"] + 1

    inputs = {"series": np.arange(9.0, dtype=np.float32)[:, None], "times": np.arange(9) * 30.5}
    for target, names in (("a b: 7 – 9 (naive 1)", ["so far", "forecast", "what came"]), ("", ["so far", "forecast"])):
        view = ForecastAhead().explain(Naive(), Sample(Record(path="f", target=target), inputs))
        assert [line.name for line in view.series] == names
        assert view.caption.startswith("Step 1 is 1970-10, the last one 1970-12. The interval")
        if target:
            assert (view.series[2].x.tolist(), view.series[2].y.tolist()) == ([1, 3], [7, 9])
