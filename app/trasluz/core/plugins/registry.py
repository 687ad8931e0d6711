"""What the plugins bring, checked: families, sources, explainers. `Registry.load` is the door to them.

Each plugin is taken in by itself: one that raises, misspells a hook, or returns what does not fit is listed with its
error, brings nothing, and costs the others nothing.
"""

from collections.abc import Collection

from trasluz.api import DataError, DatasetSource, Explainer, FamilyError, ModelCard, ModelFamily

from .asking import ask
from .brought import Brought, check_against_manifest
from .discovery import PluginInfo, discover
from .importing import forget
from .manifest import PluginError
from .mishaps import sentence_of, traceback_of


class Registry:
    """The loaded plugins and what they bring.

    Attributes:
        families: The model families by id.
        sources: The readers of data: the program's own first, then the plugins'.
        plugins: All plugins that were found, loaded or not, with their errors and tracebacks.
    """

    def __init__(self) -> None:
        self.families: dict[str, ModelFamily] = {}
        self.sources: list[DatasetSource] = []
        self.plugins: list[PluginInfo] = []
        self._explainers: list[Explainer] = []
        self._packages: dict[str, str] = {}
        self._of_families: dict[str, list[Explainer]] = {}

    @classmethod
    def load(cls, only: Collection[str] | None = None) -> "Registry":
        """Load the plugins that are trusted and enabled.

        Args:
            only: Ids of the plugins to load; all where None. The others are listed as they were found.
        """
        from trasluz.core.data.readers import builtin_sources

        registry = cls()
        registry.sources.extend(builtin_sources())
        for info in discover():
            wanted = info.state == "ready" and (only is None or info.id in only)
            registry.plugins.append(registry._load(info) if wanted else info)
        return registry

    def family(self, family: str) -> ModelFamily:
        """Give the family of that id.

        Raises:
            FamilyError: If there is none; the sentence says why where a plugin that is not running would bring it.
        """
        if family in self.families:
            return self.families[family]
        for info in self.plugins:
            if family in info.families:
                raise FamilyError(f"The model family “{family}” comes with the plugin “{info.title}”, {_why_not(info)}")
        there = ", ".join(sorted(self.families)) or "none"
        raise FamilyError(f"There is no model family “{family}” here; there is {there}. A plugin may bring it.")

    def plugin_of(self, family: str) -> PluginInfo | None:
        """Say which plugin brings a family."""
        return next((p for p in self.plugins if p.state == "ready" and family in p.families), None)

    def source_for(self, kind: str) -> DatasetSource:
        """Give the first reader of that kind of data.

        Raises:
            DataError: If there is none.
        """
        for source in self.sources:
            if source.kind == kind:
                return source
        raise DataError(f"Nothing here reads data of the kind “{kind}”; the plugin that did may be missing.")

    def explainers(self, card: ModelCard) -> list[Explainer]:
        """List what can be seen in a model: by its own family first, then by others' explainers."""
        return [e for e in [*self._own(card), *self._explainers] if _applies(e, card)]

    def _own(self, card: ModelCard) -> list[Explainer]:
        """Those of the model's family, as it has them for this kind of data; none but those that were checked."""
        known = self._of_families.get(card.family, [])
        if not known:
            return []
        family = self.families[card.family]
        try:
            narrowed = family.for_kind(card.kind)
            mine = known if narrowed is family else list(narrowed.explainers())
        except Exception:
            return known  # the family says nothing else; what it said at first was checked
        ids = {explainer.id for explainer in known}
        return [explainer for explainer in mine if explainer.id in ids]

    def _load(self, info: PluginInfo) -> PluginInfo:
        if other := self._packages.get(info.package):
            return info.broken(
                f"Its package “{info.package}” has the name of the one of “{other}”. Remove one of them."
            )
        try:
            self._admit(info, ask(info))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit too: a plugin that calls sys.exit() while it is imported must not end the program.
            forget(info.package)
            return info.broken(sentence_of(info, error), traceback_of(error))
        self._packages[info.package] = info.title
        return info

    def _admit(self, info: PluginInfo, brought: Brought) -> None:
        """Take in what a plugin brings: all of it or, if anything does not fit, nothing."""
        check_against_manifest(brought, families=info.families, kinds=info.kinds)
        for family in brought.families:
            if family.id in self.families:
                owner = self.plugin_of(family.id)
                raise PluginError(f"Its model family “{family.id}” is taken by “{owner.title if owner else '?'}”.")
        sources = {source.id for source in self.sources}
        for source in brought.sources:
            if source.id in sources:
                raise PluginError(f"Its reader “{source.id}” has an id that is taken.")
        for explainer in brought.explainers:
            if explainer.id in self._explainer_ids():
                raise PluginError(f"Its explainer “{explainer.id}” has an id that is taken.")
        shared = {explainer.id for explainer in self._explainers}
        for own in brought.of_families.values():
            if taken := shared & {explainer.id for explainer in own}:
                raise PluginError(f"Its explainer “{min(taken)}” has an id that is taken.")
        self.families |= {family.id: family for family in brought.families}
        self.sources += brought.sources
        self._explainers += brought.explainers
        self._of_families |= brought.of_families

    def _explainer_ids(self) -> set[str]:
        return {e.id for e in self._explainers} | {e.id for own in self._of_families.values() for e in own}


def _applies(explainer: Explainer, card: ModelCard) -> bool:
    try:
        return bool(explainer.applies(card))
    except Exception:
        # A view that fails to say whether it fits does not; the model's other views stay.
        return False


def _why_not(info: PluginInfo) -> str:
    if info.state == "untrusted":
        return "which is not trusted yet: look at it on the Plugins page, and trust it there."
    if info.state == "disabled":
        return "which is switched off: switch it on on the Plugins page."
    if info.state == "broken":
        return f"which does not work: {info.error}"
    return "which was not asked to load."
