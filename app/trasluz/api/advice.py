"""Advice before a training: where the data stands on two measured axes, and which settings go with that place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trasluz.api.views import Axis, Quadrants, view_from_json, view_to_json


@dataclass(frozen=True, slots=True)
class Advice:
    """What a family advises for some data.

    Attributes:
        table: The two axes with what was measured, and what each cell stands for.
        settings: For each cell of the table, in its order, the settings that choose it.
        cell: The cell that is advised; where the data lies, unless the sentence says why not.
        sentence: The reason, in one sentence.
        also: Other cells that are worth trying, the likeliest first.
        facts: How it was measured, as JSON values, for whoever looks closer; with `looks_at_models` true the window
            asks again when a run has finished.
    """

    table: Quadrants
    settings: tuple[Mapping[str, Any], ...]
    cell: int
    sentence: str
    also: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def advised(self) -> Mapping[str, Any]:
        """The settings that are advised."""
        return self.settings[self.cell]

    @property
    def distinct(self) -> tuple[int, ...]:
        """The cells that differ in their settings: of those that are alike the advised one, or else the first."""
        found: list[int] = []
        for i, settings in enumerate(self.settings):
            alike = [j for j, others in enumerate(self.settings) if others == settings]
            if i == (self.cell if self.cell in alike else alike[0]):
                found.append(i)
        return tuple(found)

    def named(self, cell: int) -> str:
        """A cell by its halves: `few, similar`."""
        down, across = self.table.down, self.table.across
        return f"{down.high if cell >= 2 else down.low}, {across.high if cell % 2 else across.low}"

    def to_json(self) -> dict[str, Any]:
        """Take it apart into JSON values: each axis under its name, the cells, the reason, and the table as a view."""
        cells = [
            {
                "cell": self.named(i),
                "title": cell.title,
                "sentence": cell.sentence,
                "settings": dict(settings),
                "advised": i == self.cell,
            }
            for i, (cell, settings) in enumerate(zip(self.table.cells, self.settings, strict=True))
        ]
        return {
            **{axis.name: _axis(axis) for axis in (self.table.down, self.table.across)},
            "cell": self.named(self.cell),
            "number": self.cell,
            "settings": dict(self.advised),
            "reason": self.sentence,
            "alternatives": [{"cell": self.named(i), "settings": dict(self.settings[i])} for i in self.also],
            "also": list(self.also),
            "cells": cells,
            "facts": dict(self.facts),
            "table": view_to_json(self.table),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Advice":
        """Put it together again from what `to_json` gave.

        Raises:
            ValueError: If it is no advice.
        """
        try:
            table = view_from_json(data["table"])
            if not isinstance(table, Quadrants):
                raise ValueError(f"“{data['table']['type']}” is not a table")
            return cls(
                table=table,
                settings=tuple(dict(cell["settings"]) for cell in data["cells"]),
                cell=int(data["number"]),
                sentence=str(data["reason"]),
                also=tuple(int(i) for i in data.get("also", ())),
                facts=dict(data.get("facts", {})),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no advice: {error}") from error


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "title": axis.title,
        "value": axis.value,
        "threshold": axis.threshold,
        "word": axis.word,
        "low": axis.low,
        "high": axis.high,
        "unit": axis.unit,
        "sentence": axis.sentence,
    }
