"""What the program has: families with their settings, kinds of data, plugins, as the window lists them."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from trasluz.api import ModelFamily

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry


def catalogue(registry: "Registry") -> dict[str, Any]:
    """List the model families with their settings, the kinds of data, and the plugins."""
    from .advising import gives_advice

    families = []
    for name, family in registry.families.items():
        owner = registry.plugin_of(name)
        families.append(
            {
                "id": name,
                "title": family.title,
                "sentence": family.sentence,
                "kinds": [str(kind) for kind in family.kinds],
                "headline": family.headline,
                "gives_advice": gives_advice(family),
                "higher_is_better": family.higher_is_better,
                "compares": family.compares,
                "precisions": list(family.precisions),
                "varies": _varies(family),
                "schema": family.config.model_json_schema(),
                "by_kind": _narrowed(family),
                "suggestions": _suggestions(family),
                "plugin": owner.id if owner else "",
            }
        )
    kinds: dict[str, dict[str, Any]] = {}
    for source in registry.sources:
        entry = kinds.setdefault(
            str(source.kind),
            {
                "kind": str(source.kind),
                "title": source.title,
                "input_name": source.input_name,
                "suffixes": [],
            },
        )
        entry["suffixes"] += [s for s in source.suffixes if s not in entry["suffixes"]]
    return {
        "families": families,
        "kinds": list(kinds.values()),
        "plugins": [plugin.model_dump(mode="json") for plugin in registry.plugins],
    }


def _narrowed(family: "ModelFamily") -> dict[str, dict[str, Any]]:
    """What is different when the family works with one kind of data: kind → settings, headline, what is shown."""
    found: dict[str, dict[str, Any]] = {}
    for kind in map(str, family.kinds):
        own = family.for_kind(kind)
        if own is not family:
            found[kind] = {
                "sentence": own.sentence,
                "schema": own.config.model_json_schema(),
                "headline": own.headline,
                "higher_is_better": own.higher_is_better,
                "compares": own.compares,
                "precisions": list(own.precisions),
                "varies": _varies(own),
            }
    return found


def _varies(family: "ModelFamily") -> bool:
    """Whether it can show what training makes of items."""
    return type(family).varied is not ModelFamily.varied


def _suggestions(family: "ModelFamily") -> dict[str, list[dict[str, str]]]:
    """Values that settings may have on this computer; a family that cannot say them costs only these."""
    from dataclasses import asdict

    from trasluz.core import places

    with suppress(Exception):
        found = family.suggestions(places.library_folder())
        return {name: [asdict(each) for each in several] for name, several in found.items()}
    return {}
