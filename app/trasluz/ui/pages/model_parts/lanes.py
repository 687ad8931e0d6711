"""Runs that differ in one setting alone, each value a lane: which runs of the history stand side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tried import NOT_TRIED, speaking

if TYPE_CHECKING:
    from trasluz.ui.forms import Field


@dataclass(frozen=True, slots=True)
class Lane:
    """One value of the setting, and the run (`RunSummary`) that speaks for it, where there is one."""

    value: Any
    title: str
    run: Any = None

    @property
    def tried(self) -> bool:
        """Whether it was tried, or is about to be."""
        return self.run is not None and str(self.run.state) not in NOT_TRIED


def lanes_for(field: "Field", settings: Mapping[str, Any], runs: Sequence[Any]) -> list[Lane]:
    """The lanes of these settings: for each value of the field the run that differs in nothing else.

    Args:
        field: The setting that is compared by.
        settings: All others; the field's own value among them does not count.
        runs: The runs of this family on this data, newest first.
    """
    found: dict[Any, Any] = {}
    for run in runs:
        if alike(run.settings, settings, but=field.name):
            value = run.settings.get(field.name, field.default)
            found[value] = speaking(found.get(value), run)
    return [Lane(choice.value, choice.title, found.get(choice.value)) for choice in field.choices]


def latest_lanes(field: "Field", runs: Sequence[Any]) -> list[Lane]:
    """The lanes of the latest runs that were made side by side: two of them at least; none where there were none."""
    for run in runs:
        lanes = lanes_for(field, run.settings, runs)
        if sum(lane.run is not None for lane in lanes) > 1:
            return lanes
    return []


def alike(one: Mapping[str, Any], other: Mapping[str, Any], *, but: str) -> bool:
    """Whether settings agree in all that both name, `but` one aside."""
    return all(one[name] == other[name] for name in one.keys() & other.keys() - {but})
