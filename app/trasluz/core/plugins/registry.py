"""What the plugins bring, checked: families, sources, explainers. The only caller of hooks.

Each plugin is asked by itself: one that raises, misspells a hook, or returns what does not fit is listed with its
error, brings nothing, and costs the others nothing.
"""

import contextlib
import traceback
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

import pluggy

from trasluz.api import DataError, DatasetSource, Explainer, FamilyError, ModelCard, ModelFamily, hookspecs

from . import attempts
from .brought import Brought, check_against_manifest, checked
from .discovery import PluginInfo, discover
from .importing import aside, forget, import_package
from .manifest import PluginError

_HOOKS = ("trasluz_families", "trasluz_sources", "trasluz_explainers")
_TRACEBACK_AT_MOST = 20_000


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
        return [e for e in [*self._of_families.get(card.family, ()), *self._explainers] if _applies(e, card)]

    def _load(self, info: PluginInfo) -> PluginInfo:
        if attempts.lost(info.id, info.content_hash) >= attempts.ALLOWED:
            return info.broken(
                f"“{info.title}” ended the program {attempts.ALLOWED} times while it was being loaded, so it was "
                "left out. Enable it again to try once more, or ask its author."
            )
        module: ModuleType | None = None
        try:
            if other := self._packages.get(info.package):
                raise PluginError(f"Its package “{info.package}” has the name of the one of “{other}”. Remove one.")
            with _guard(info), aside():
                module = import_package(info.package, info.folder, info.content_hash)
                brought = _ask(module)
            self._admit(info, brought)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit too: a plugin that calls sys.exit() while it is imported must not end the program.
            if module is not None:
                forget(info.package)
            return info.broken(_sentence(info, error), _traceback(error))
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


def _ask(module: ModuleType) -> Brought:
    """Ask one plugin for all that it brings, with a plugin manager of its own.

    pluggy ends a whole call where one plugin raises, mixes the results, and is silent on a misspelt hook until it
    is asked; with one plugin for each manager none of that can reach another plugin.
    """
    hooks = pluggy.PluginManager("trasluz")
    hooks.add_hookspecs(hookspecs)
    hooks.register(module)
    hooks.check_pending()
    if not hooks.get_hookcallers(module):
        raise PluginError("It has no hooks: mark the functions in its __init__.py with `trasluz.api.hookimpl`.")
    answers: dict[str, object] = {}
    for name in _HOOKS:
        caller = getattr(hooks.hook, name)
        if not caller.get_hookimpls():
            continue
        results = caller()
        if not results:
            raise PluginError(f"Its hook {name} returns None; it has to return a list.")
        answers[name] = results[0]
    return checked(*(answers.get(name, ()) for name in _HOOKS))


def _guard(info: PluginInfo) -> contextlib.AbstractContextManager[None]:
    # What comes with the program is tested with it, and nobody could do without it.
    return attempts.attempt(info.id, info.content_hash) if info.origin == "user" else contextlib.nullcontext()


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


def _sentence(info: PluginInfo, error: BaseException) -> str:
    if isinstance(error, PluginError):
        return f"“{info.title}” cannot be used. {error}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
        if missing == "trasluz":
            return f"“{info.title}” was written for another Trasluz: there is no {error.name} in this one."
        if missing != info.package:
            return (
                f"“{info.title}” needs the Python library “{missing}”, which is not installed here. "
                f"Install it into the Python that runs Trasluz (pip install {missing}), or ask the plugin's author."
            )
    if isinstance(error, pluggy.PluginValidationError):
        return (
            f"“{info.title}” has a hook that does not exist or takes the wrong arguments; "
            f"the hooks are {', '.join(_HOOKS)}."
        )
    where = _where(info.folder, error)
    if isinstance(error, SyntaxError):
        return f"“{info.title}” has a mistake in its code{where}: {error.msg}."
    said = f"{type(error).__name__}: {error}".rstrip(".: ")
    return f"“{info.title}” failed while it was loaded{where}: {said}."


def _where(folder: Path, error: BaseException) -> str:
    """Name the last line of the plugin's own code that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(frame.filename, frame.lineno) for frame in frames]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno))
    root = folder.resolve()
    for name, line in reversed(places):
        if Path(name).is_absolute() and Path(name).is_relative_to(root):
            return f" in {Path(name).relative_to(root).as_posix()}, line {line}"
    return ""


def _traceback(error: BaseException) -> str:
    if isinstance(error, PluginError) and error.__cause__ is None:
        return ""
    whole = "".join(traceback.format_exception(error))
    return whole[-_TRACEBACK_AT_MOST:]
