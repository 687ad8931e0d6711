"""Settings, declared once: the form, the command line, the file, the checks and the docs come from here."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def setting(
    default: Any,
    *,
    title: str,
    sentence: str,
    advanced: bool = False,
    unit: str = "",
    labels: dict[str, str] | None = None,
    others: dict[str, str] | None = None,
    placeholder: str = "",
    when: Mapping[str, Sequence[Any]] | None = None,
    column: bool = False,
    **bounds: Any,
) -> Any:
    """Declare a setting as a pydantic field.

    Args:
        default: The value where the person says nothing.
        title: Two or three words for the form.
        sentence: What it does and when to change it.
        advanced: Whether the form keeps it behind “Advanced”.
        unit: What the number counts, e.g. `minutes`.
        labels: For a choice, what each value is called in the form, with its sentence.
        others: For a text that is chosen: what else it may be, and how the form asks for it. `folder` lets the person
            point at a folder; a key that ends with a colon, `hub:`, lets them type what follows that prefix. The form
            shows the `labels` and what `ModelFamily.suggestions` gives, then these.
        placeholder: What a text is like that is typed after a prefix: `owner/name`.
        when: The values of other settings with which this one means something; the form shows it with those alone.
        column: Whether it is the name of a column of texts in the data, empty for the one that is taken without a word;
            the form offers those that there are.
        bounds: pydantic's own: `ge`, `gt`, `le`, `lt`, `min_length`, `max_length`, `multiple_of`.
    """
    extra: dict[str, Any] = {"advanced": advanced}
    if unit:
        extra["unit"] = unit
    if labels:
        extra["labels"] = labels
    if others:
        extra["others"] = others
    if placeholder:
        extra["placeholder"] = placeholder
    if when:
        extra |= _beside(when)
    if column:
        extra["column"] = True
    return Field(default=default, title=title, description=sentence, json_schema_extra=extra, **bounds)


def again(
    base: type[BaseModel],
    name: str,
    default: Any,
    *,
    title: str = "",
    sentence: str = "",
    when: Mapping[str, Sequence[Any]] | None = None,
) -> Any:
    """A setting of a base class once more, with another default: type, bounds and words have one home.

    Args:
        base: The class that declares it.
        name: Its name there, and here.
        default: The value where the person says nothing.
        title: Other words for the form; empty takes the base's.
        sentence: What it does here; empty takes the base's.
        when: As of `setting`; None takes the base's.

    Raises:
        KeyError: If the base has no such setting.
    """
    field = copy(base.model_fields[name])
    field.default = default
    field.title = title or field.title
    field.description = sentence or field.description
    if when and isinstance(field.json_schema_extra, dict):
        field.json_schema_extra = field.json_schema_extra | _beside(when)
    return field


def _beside(when: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {"when": {name: list(values) for name, values in when.items()}}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value that a setting may have on this computer, and its words for the form.

    Attributes:
        value: What the setting becomes.
        title: What it is called.
        sentence: What it is.
    """

    value: str
    title: str
    sentence: str = ""


class TrainConfig(BaseModel):
    """What every run has. A family derives its own from this or from `EpochsConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = setting(
        0,
        title="Seed",
        sentence="The same seed on the same data gives the same model; another one shows how much is luck.",
        advanced=True,
        ge=0,
        le=2**31 - 1,
    )
    minutes: float | None = setting(
        None,
        title="Time limit",
        sentence="Stop after this many minutes and keep the best model found by then.",
        unit="minutes",
        gt=0,
        le=60 * 24 * 30,
    )


class EpochsConfig(TrainConfig):
    """For families that learn by passing over the data many times."""

    epochs: int = setting(
        20,
        title="Passes",
        sentence="How often the network sees each item at the most; it stops earlier when it no longer improves.",
        ge=1,
        le=10_000,
    )
    batch_size: int = setting(
        32,
        title="Batch",
        sentence="How many items are learned from at once; halved by itself when memory runs out.",
        advanced=True,
        ge=1,
        le=65_536,
    )
    learning_rate: float = setting(
        1e-3,
        title="Learning rate",
        sentence="How far each step moves the weights: too large and it never settles, too small and it crawls.",
        advanced=True,
        gt=0,
        le=10,
    )
