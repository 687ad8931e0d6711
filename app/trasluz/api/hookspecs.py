"""The hooks of a plugin. Mark your functions with `hookimpl`; each hook is asked of each plugin by itself."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from trasluz.api.data import DatasetSource
    from trasluz.api.family import Explainer, ModelFamily

hookspec = pluggy.HookspecMarker("trasluz")
hookimpl = pluggy.HookimplMarker("trasluz")


@hookspec
def trasluz_families() -> "Iterable[ModelFamily]":
    """Called once when the plugin is loaded; returns the model families that it brings."""
    raise AssertionError("a specification is never called")


@hookspec
def trasluz_sources() -> "Iterable[DatasetSource]":
    """Called once when the plugin is loaded; returns the readers of data layouts that it brings."""
    raise AssertionError("a specification is never called")


@hookspec
def trasluz_explainers() -> "Iterable[Explainer]":
    """Called once when the plugin is loaded; returns explainers for models of any family."""
    raise AssertionError("a specification is never called")
