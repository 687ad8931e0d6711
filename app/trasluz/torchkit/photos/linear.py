"""The strategies that leave the backbone as it is: a linear classifier on the features of one of its parts.

Each photo goes through the backbone once; the rest is a convex problem that a real solver settles in seconds. The
regularisation, and for `stages` the part, are chosen on photos of the train part that were held out of the fitting;
the val part is never looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trasluz.api import DataError, FamilyError, Note, Progress, Record, TrainContext, TrainingStopped

from . import logistic
from .features import Features, Frozen, extract

STAGE = "Fitting the classifier"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A linear classifier and how it came about.

    Attributes:
        part: The part of the backbone whose features it reads, counted from the stem.
        linear: The classifier.
        choice: What cross-validation said of it.
        compared: Part name → accuracy on held-out photos, where several parts were tried.
        features: The features of that part that it was fitted on: (photos, C).
        records: The photos.
    """

    part: int
    linear: logistic.Linear
    choice: logistic.Choice
    features: np.ndarray
    records: list[Record]
    compared: dict[str, float] = field(default_factory=dict)


def fit_classifier(context: TrainContext, backbone: Frozen, *, try_all_parts: bool = False) -> Fitted:
    """Fit a linear classifier on the backbone's features of the train photos.

    Args:
        context: The run.
        backbone: Used and not changed.
        try_all_parts: Whether to try the features after every part and keep the best, or to take the last.

    Raises:
        DataError: If there are fewer than two classes.
        FamilyError: If no or too few photos could be read.
        TrainingStopped: If the person asked to stop.
    """
    from threadpoolctl import threadpool_limits

    labels = two_classes(context)
    features = extract(context, backbone, context.dataset.records("train"))
    y = _classes(features, labels)
    # The matrices are slim: a second BLAS thread gains little on an idle computer, and on a busy one the two wait for
    # each other (measured on two loaded cores: 2.3 s with one thread, 21 s with two).
    with threadpool_limits(1, user_api="blas"):
        return _best(context, features, y, classes=len(labels), names=backbone.names, try_all=try_all_parts)


def two_classes(context: TrainContext) -> list[str]:
    """The classes, of which there are two at least.

    Raises:
        DataError: If there is only one.
    """
    labels = list(context.dataset.labels)
    if len(labels) < 2:
        only = f" (“{labels[0]}”)" if labels else ""
        raise DataError(
            f"There is only one class{only} in the train part of “{context.dataset.root.name}”; put the photos of "
            "each class in a folder of its own, at least two of them."
        )
    return labels


def _best(
    context: TrainContext, features: Features, y: np.ndarray, *, classes: int, names: Sequence[str], try_all: bool
) -> Fitted:
    choices = {}
    tried = range(len(names)) if try_all else (len(names) - 1,)
    for number, part in enumerate(tried):
        context.emit(Progress(stage="Choosing how strictly to fit", done=number, total=len(tried), unit="stages"))
        choices[part] = logistic.choose(
            features.after(part), y, classes=classes, seed=context.config.seed, stopping=context.stopping
        )
        if context.stopping():
            raise TrainingStopped("Stopped while fitting; what was seen of the photos is kept.")
    # Where nothing could be held out every loss is nan; then the last part is taken.
    best = min(choices, key=lambda part: (np.nan_to_num(choices[part].loss, nan=np.inf), -part))
    compared = {names[part]: choice.accuracy for part, choice in choices.items()} if try_all else {}
    _tell_choice(context, choices[best], names[best], compared)
    linear = _fit(context, features.after(best), y, classes=classes, c=choices[best].c)
    return Fitted(best, linear, choices[best], features.after(best), features.records, compared)


def _classes(features: Features, labels: Sequence[str]) -> np.ndarray:
    number = {label: i for i, label in enumerate(labels)}
    y = np.array([number[record.target] for record in features.records])
    if len(np.unique(y)) < 2:
        why = "within the time limit; give it more minutes" if features.cut_short else "; look at the list of problems"
        raise FamilyError(f"Photos of only one class could be read{' ' if features.cut_short else ''}{why}.")
    return y


def _fit(context: TrainContext, x: np.ndarray, y: np.ndarray, *, classes: int, c: float) -> logistic.Linear:
    context.emit(Progress(stage=STAGE, done=0))

    def report(_iteration: int, _value: float) -> bool:
        # Not told as a curve: it is done in a second, and its steps are no passes, which a finetuning counts later.
        left = context.seconds_left()
        # Stopped here, the classifier is merely a little less exact: there is something to keep.
        return context.stopping() or (left is not None and left <= 0)

    standard = logistic.Standard(x)
    return standard.undo(logistic.fit(standard(x), y, classes=classes, c=c, report=report))


def _tell_choice(context: TrainContext, choice: logistic.Choice, part: str, compared: dict[str, float]) -> None:
    if np.isnan(choice.loss):
        context.emit(Note(sentence="Too few photos to hold some out, so the fit is neither strict nor loose."))
        return
    where = f" The best features are those after the {part}." if compared else ""
    context.emit(
        Note(
            sentence=f"Of the train photos held out of the fitting, {choice.accuracy:.1%} are answered right.{where}",
            facts={"held_out_accuracy": choice.accuracy, "c": choice.c, "stage_accuracy": compared},
        )
    )
