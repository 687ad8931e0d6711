"""Checks of what a plugin's hooks return, so that a mistake is named when the plugin is loaded, not in a run."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import ValidationError

from trasluz.api import DatasetSource, Explainer, ModelFamily, TrainConfig

from .manifest import PluginError, is_word

_AT_MOST = 200
_SUFFIX = re.compile(r"\.[a-z0-9.]{1,15}")


@dataclass(frozen=True, slots=True)
class Brought:
    """What one plugin brings; `of_families` holds the explainers of each family by the family's id."""

    families: list[ModelFamily] = field(default_factory=list)
    sources: list[DatasetSource] = field(default_factory=list)
    explainers: list[Explainer] = field(default_factory=list)
    of_families: dict[str, list[Explainer]] = field(default_factory=dict)


def checked(families: object, sources: object, explainers: object) -> Brought:
    """Check what the hooks returned.

    Raises:
        PluginError: If something is not what the hook promises.
    """
    brought = Brought(
        families=_each(families, ModelFamily, "trasluz_families"),
        sources=_each(sources, DatasetSource, "trasluz_sources"),
        explainers=_each(explainers, Explainer, "trasluz_explainers"),
    )
    for family in brought.families:
        _check_family(family)
        own = _each(family.explainers(), Explainer, f"{type(family).__name__}.explainers")
        for explainer in own:
            _check_words(explainer, "title", "sentence")
        _distinct(own)
        brought.of_families[family.id] = own
    for source in brought.sources:
        _check_source(source)
    for explainer in brought.explainers:
        _check_words(explainer, "title", "sentence")
    for things in (brought.families, brought.sources, brought.explainers):
        _distinct(things)
    return brought


def check_against_manifest(brought: Brought, *, families: Sequence[str], kinds: Sequence[str]) -> None:
    """Hold what a plugin brings against what its manifest says, which is what the person agreed to.

    Raises:
        PluginError: If they differ.
    """
    given = sorted(family.id for family in brought.families)
    if given != sorted(set(families)):
        raise PluginError(
            f"Its manifest says that it brings the families {_listed(families)}, but its code brings {_listed(given)}."
        )
    used = {kind for family in brought.families for kind in family.kinds} | {s.kind for s in brought.sources}
    if unsaid := sorted(used - set(kinds)):
        raise PluginError(f"It works with data of the kinds {_listed(unsaid)}, which its manifest does not name.")


def _each(given: object, wanted: Any, hook: str) -> list[Any]:
    name = wanted.__name__
    if isinstance(given, str | bytes | dict) or not isinstance(given, Iterable):
        raise PluginError(f"Its {hook} returns {_called(given)}; it has to return a list of {name}s.")
    things = list(islice(given, _AT_MOST + 1))
    if len(things) > _AT_MOST:
        raise PluginError(f"Its {hook} returns more than {_AT_MOST} things.")
    for thing in things:
        if isinstance(thing, type):
            raise PluginError(f"Its {hook} returns the class {thing.__name__} where an instance belongs; add “()”.")
        if not isinstance(thing, wanted):
            raise PluginError(f"Its {hook} returns {_called(thing)} where a {name} belongs.")
    return things


def _check_family(family: ModelFamily) -> None:
    _check_words(family, "title", "sentence", "headline")
    name = type(family).__name__
    kinds = getattr(family, "kinds", None)
    if not isinstance(kinds, tuple | list) or not kinds or not all(is_word(str(k)) for k in kinds):
        raise PluginError(f"{name}.kinds has to be a tuple of kinds of data, such as (Kind.IMAGE_CLASSES,).")
    config = getattr(family, "config", None)
    if not isinstance(config, type) or not issubclass(config, TrainConfig):
        raise PluginError(f"{name}.config has to be a class derived from TrainConfig.")
    try:
        config()
        config.model_json_schema()
    except ValidationError as error:
        fields = ", ".join(str(e["loc"][0]) for e in error.errors() if e["loc"])
        raise PluginError(f"The settings {config.__name__} need a valid default for each field: {fields}.") from error


def _check_source(source: DatasetSource) -> None:
    _check_words(source, "title", "input_name")
    name = type(source).__name__
    if not is_word(str(getattr(source, "kind", ""))):
        raise PluginError(f"{name}.kind has to be a kind of data: a lower-case word.")
    suffixes = source.suffixes
    if not isinstance(suffixes, tuple | list) or not all(isinstance(s, str) and _SUFFIX.fullmatch(s) for s in suffixes):
        raise PluginError(f"{name}.suffixes has to be a tuple of endings in lower case with their dot: (“.png”,).")


def _check_words(thing: object, *names: str) -> None:
    if not is_word(getattr(thing, "id", None)):
        raise PluginError(f"{type(thing).__name__}.id has to be lower-case letters and digits joined by hyphens.")
    for name in names:
        value = getattr(thing, name, None)
        if not isinstance(value, str) or not value.strip():
            raise PluginError(f"{type(thing).__name__}.{name} has to be a text that is not empty.")


def _distinct(things: Sequence[ModelFamily] | Sequence[DatasetSource] | Sequence[Explainer]) -> None:
    ids = [thing.id for thing in things]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise PluginError(f"It uses the id “{twice[0]}” twice.")


def _called(thing: object) -> str:
    return thing.__name__ if isinstance(thing, type) else f"a {type(thing).__name__}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{w}”" for w in sorted(words)) or "none"
