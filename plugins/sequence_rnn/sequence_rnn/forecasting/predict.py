"""Forecasts with the exported graph: a series in, its next values with their intervals out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Predictor, Sample

from .fitting import Plan
from .rolling import forecast, interval
from .texts import written


class ForecastPredictor(Predictor):
    """One series in, its future out."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        facts = self.card.extra
        self.graph = model.graph("model")
        self.plan = Plan.from_json(facts["plan"])
        self.way = str(facts["way"])
        self.columns: list[str] = list(facts["columns"])
        self.widths = np.array(facts["widths"])

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `forecast` and `moves` (H, C) and `spread` (C,) of each series, from its last rows."""
        return [self._forecast(sample, ("forecast", "moves", "spread")) for sample in samples]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give the outputs of every recurrent layer as well."""
        return self._forecast(sample, None)

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Write the values with their intervals; `read` takes them apart again."""
        low, high = self.ends(outputs)
        chosen = list(self.plan.targets)
        names = [self.columns[c] for c in chosen]
        values = np.asarray(outputs["forecast"], np.float64)[:, chosen]
        return Prediction(text=written(names, values, low=low[:, chosen], high=high[:, chosen]))

    def ends(self, outputs: Outputs) -> tuple[np.ndarray, np.ndarray]:
        """The ends (H, C) of the intervals."""
        return interval(outputs, self.widths, self.plan)

    def _forecast(self, sample: Sample, wanted: Sequence[str] | None) -> Outputs:
        values = self._columns(sample)

        def run(series: np.ndarray, days: np.ndarray) -> Mapping[str, np.ndarray]:
            feed = {"series": series, "days": days} if self.card.extra["periods"] else {"series": series}
            return self.graph.run(feed, wanted)

        rhythm = sample.record.extra.get("rhythm") or self.card.extra["rhythm"]
        return forecast(run, values, sample.array("times"), plan=self.plan, way=self.way, rhythm=rhythm)

    def _columns(self, sample: Sample) -> np.ndarray:
        """The columns that the model knows, in its order."""
        there: list[Any] = list(sample.record.extra.get("columns") or self.columns)
        missing = [name for name in self.columns if name not in there]
        if missing:
            named = ", ".join(f"“{name}”" for name in missing)
            raise DataError(f"“{sample.record.path}” has no column {named}, which the model was trained with.")
        values = sample.array("series")
        if not len(values):
            raise DataError(f"“{sample.record.path}” has no rows.")
        return values[:, [there.index(name) for name in self.columns]]
