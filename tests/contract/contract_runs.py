"""The registry that the contract tests run over, and what a finished run of one of its families holds."""

import os
from dataclasses import dataclass

import pytest

from trasluz.api import Dataset, ModelFamily
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import Judgement
from trasluz.core.inference.model import OpenModel
from trasluz.core.plugins.registry import Registry
from trasluz.core.runs.folder import RunFolder


def _registry() -> Registry:
    """The built-in plugins; the home is empty, so that nothing of the developer's is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", os.devnull + "-no-such-home")
        return Registry.load()


REGISTRY = _registry()


@dataclass(frozen=True)
class Finished:
    """A run that is done: what it was, where it is, and its model, open."""

    family: ModelFamily
    run: RunFolder
    dataset: Index
    model: OpenModel
    judgement: Judgement

    @property
    def arranged(self) -> Dataset:
        """The data as the family sees it, and is judged on it."""
        return self.family.arranged(self.dataset, self.model.card.settings)
