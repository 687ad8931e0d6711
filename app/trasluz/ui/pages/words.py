"""The plain words of the pages: what a metric is called, how its value is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricWords:
    """How a metric is shown.

    Attributes:
        title: The plain words for it.
        term: The field's term, for the tooltip.
        share: Whether it is a fraction, shown as percent.
        higher: Whether more is better.
    """

    title: str
    term: str
    share: bool = False
    higher: bool = True

    @property
    def unit(self) -> str:
        """The unit for the painters."""
        return "%" if self.share else ""

    def write(self, value: float, *, decimals: int = 1) -> str:
        """Write a value: `90.9%`, `0.321`."""
        return f"{value * 100:.{decimals}f}%" if self.share else f"{value:.3g}"

    def difference(self, after: float, before: float) -> str:
        """Write how far two values are apart: `+4.7`, `−0.02`."""
        apart = (after - before) * (100 if self.share else 1)
        words = f"{abs(apart):.1f}" if self.share else f"{abs(apart):.3g}"
        return f"{'+' if apart >= 0 else '−'}{words}"


_METRICS = {
    "accuracy": MetricWords("Right answers", "accuracy", share=True),
    "macro_f1": MetricWords("Right in each class alike", "macro-averaged F1", share=True),
    "top5_accuracy": MetricWords("Right among the first five", "top-5 accuracy", share=True),
    "loss": MetricWords("Loss", "the loss that training makes small", higher=False),
    "learning_rate": MetricWords("Learning rate", "how far each step moves the weights"),
    "cer": MetricWords("Wrong characters", "character error rate, CER", share=True, higher=False),
    "wer": MetricWords("Wrong words", "word error rate, WER", share=True, higher=False),
    "bleu": MetricWords("Likeness to the given translation", "BLEU"),
    "chrf": MetricWords("Likeness in characters", "chrF"),
    "exact_match": MetricWords("Wholly right", "exact match", share=True),
    "token_error_rate": MetricWords("Wrong tokens", "token error rate", share=True, higher=False),
    "mae": MetricWords("Mean error", "mean absolute error, MAE", higher=False),
    "rmse": MetricWords("Root mean square error", "RMSE", higher=False),
    "smape": MetricWords("Error in percent", "sMAPE", higher=False),
    "mase": MetricWords("Error against the naive forecast", "MASE", higher=False),
    "perplexity": MetricWords("Perplexity", "how many next tokens it wavers between", higher=False),
    "bits_per_character": MetricWords("Bits for a character", "bits per character", higher=False),
}

SPLITS = {"train": "learning", "val": "judging", "test": "test", "": ""}
"""What the parts of the data are called beside a curve."""


def metric_words(name: str) -> MetricWords:
    """Return the words for a metric; an unknown one is called by its own name."""
    known = _METRICS.get(name)
    return known or MetricWords(name.replace("_", " ").capitalize(), name)


def left_words(seconds: float | None) -> str:
    """Say how long it will still take: `about 11 minutes left`."""
    if seconds is None or not seconds >= 0:
        return ""
    if seconds < 8:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds left"
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "about a minute left"
    if minutes < 90:
        return f"about {minutes} minutes left"
    return f"about {seconds / 3600:.1f} hours left"


def share_words(share: float) -> str:
    """Write a probability in whole percent; what is not quite certain is not called so: `>99%`, `<1%`."""
    if 0.995 <= share < 0.9995:
        return ">99%"
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"
