"""What families of photos say, said of recordings: they see them as pictures, and the person has none.

All that these families share speaks of photos; on recordings each sentence goes through here on its way out: those of
a run, of the advice, of the views and of the form. A family mixes in `SpeaksOfRecordings` for that kind of data.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

import numpy as np

from trasluz.api import (
    Advice,
    AdviceContext,
    DataError,
    Event,
    Explainer,
    FamilyError,
    ModelCard,
    ModelFamily,
    Note,
    Predictor,
    Progress,
    Sample,
    TrainContext,
    Trained,
    TrainingStopped,
    View,
)

_SPEAKS_OF_PHOTOS = re.compile(r"(?<!everyday )(?<!knows )(?<!of any )(?<!million )(?<!“)\b([Pp])hoto(s?)\b")
"""Photos of which nobody learns here stay photos: `unlike everyday photos`, `the network that knows photos`; and so do
classes that are called so."""
_THE_PICTURE = re.compile(r"\b([Tt]he) photo\b")
_WORDED = frozenset({"title", "caption", "sentence", "tip", "unit", "low", "high", "note"})
"""The fields of views that hold words of the family; the others hold names, labels and numbers."""
_NARROW = frozenset({"unit", "low", "high"})
"""Those that are drawn where a photo fits and a recording does not."""


def of_recordings(said: str) -> str:
    """A sentence about photos as one about recordings."""
    return _SPEAKS_OF_PHOTOS.sub(lambda m: ("R" if m[1] == "P" else "r") + "ecording" + m[2], said)


def of_spectrograms(said: str) -> str:
    """The same for views, in which the photo that is looked at is a picture still."""
    return of_recordings(_THE_PICTURE.sub(r"\1 spectrogram", said))


def schema_of_recordings(schema: Any, *, name: str = "") -> Any:
    """A JSON schema whose words speak of recordings; names and values of settings stay."""
    if isinstance(schema, Mapping):
        return {key: schema_of_recordings(value, name=key) for key, value in schema.items()}
    if isinstance(schema, list):
        return [schema_of_recordings(value, name="enum") for value in schema]
    return schema if not isinstance(schema, str) or name in ("enum", "default", "const") else of_recordings(schema)


def worded(view: Any, said: Callable[[str], str], *, name: str = "") -> Any:
    """A view, or a part of one, with its words said anew."""
    if isinstance(view, str):
        found = said(view) if name in _WORDED else view
        return found.replace("recordings", "sounds") if name in _NARROW else found
    if isinstance(view, (list, tuple)):
        return type(view)(worded(each, said) for each in view)
    if is_dataclass(view) and not isinstance(view, type):
        there = ((f.name, getattr(view, f.name)) for f in fields(view) if f.init)
        return replace(view, **{n: worded(v, said, name=n) for n, v in there if not isinstance(v, np.ndarray)})
    return view


class _Context:
    """The context of a run, or of advice, that speaks of recordings."""

    def __init__(self, context: TrainContext | AdviceContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def emit(self, event: Event) -> None:
        """Say something of recordings."""
        if isinstance(event, Note):
            event = event.model_copy(update={"sentence": of_recordings(event.sentence)})
        elif isinstance(event, Progress):
            words = {"stage": of_recordings(event.stage), "unit": of_recordings(event.unit or "") or event.unit}
            event = event.model_copy(update=words)
        self._context.emit(event)


class _Explainer(Explainer):
    """A view of a family of photos that speaks of recordings.

    Args:
        told: The family's own.
    """

    def __init__(self, told: Explainer) -> None:
        self._told = told
        self.id = told.id  # type: ignore[misc]
        self.title = of_spectrograms(told.title)  # type: ignore[misc]
        self.sentence = of_spectrograms(told.sentence)  # type: ignore[misc]

    def applies(self, card: ModelCard) -> bool:
        """As it says."""
        return self._told.applies(card)

    def choices(self, card: ModelCard) -> Sequence[str]:
        """As they are."""
        return self._told.choices(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> View:
        """Its view in words about recordings."""
        return cast(View, worded(self._told.explain(predictor, sample, choice), of_spectrograms))


class SpeaksOfRecordings(ModelFamily):
    """Before a family of photos among the bases: the same family where its data is recordings."""

    def train(self, context: TrainContext) -> Trained:
        """Train, and say it of recordings."""
        try:
            return super().train(cast(TrainContext, _Context(context)))  # type: ignore[safe-super]
        except (DataError, FamilyError, TrainingStopped) as error:
            error.args = (of_recordings(str(error)), *error.args[1:])
            raise

    def advise(self, context: AdviceContext) -> Advice | None:
        """Advise, and say it of recordings."""
        found = super().advise(cast(AdviceContext, _Context(context)))
        if found is None:
            return None
        return replace(
            found, table=worded(found.table, of_recordings, name="table"), sentence=of_recordings(found.sentence)
        )

    def explainers(self) -> Sequence[Explainer]:
        """The same views, in words about recordings."""
        return tuple(_Explainer(each) for each in super().explainers())
