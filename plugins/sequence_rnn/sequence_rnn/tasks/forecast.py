"""The past of a series to its future."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trasluz.api import Dataset, Explainer, Kind, LoadedModel, ModelCard, Prediction, Predictor, TrainContext

from ..explain import HiddenStates
from ..forecasting.explain import AgainstSimple, ErrorsByHorizon, ForecastAhead, Residuals
from ..forecasting.predict import ForecastPredictor
from ..forecasting.script import forecast_script
from ..forecasting.texts import scores
from ..forecasting.windows import Forecasting
from ..settings import ForecastConfig
from .task import Task

if TYPE_CHECKING:
    from ..forecasting.network import Forecaster
    from ..lesson import Lesson


class Forecast(Task):
    """Forecasts series."""

    name = "forecast"
    kind = Kind.FORECAST
    title = "Forecast"
    config = ForecastConfig
    headline = "mase"
    higher_is_better = False

    def lesson(self, context: TrainContext) -> "Lesson[Forecaster]":
        """Learn the way from a naive forecast to what came."""
        from ..forecasting.calibration import CalibratedLesson

        return CalibratedLesson(context, self.title)

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """An item for each origin."""
        return dataset if isinstance(dataset, Forecasting) else Forecasting(dataset, settings)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return ForecastPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `mae`, `rmse`, `smape` and `mase`."""
        return scores([p.text for p in predictions], targets)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return forecast_script()

    def explainers(self) -> Sequence[Explainer]:
        """The forecast, and how good it is."""
        return ForecastAhead(), AgainstSimple(), ErrorsByHorizon(), Residuals(), HiddenStates()
