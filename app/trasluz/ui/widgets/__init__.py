"""The small parts that pages are made of; each asks the theme for its colours while it paints.

They are imported when they are first named: the first frame needs but a few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .basic import Card, Label, LinkButton, PrimaryButton, Rule, SecondaryButton, SmallButton, clear_layout
    from .chip import Chip, Dot
    from .choices import Choices
    from .empty import EmptyState
    from .flow import FlowLayout
    from .header import PageHeader
    from .progress import ProgressLine, StepProgress

_HOMES = {
    "Card": "basic",
    "Chip": "chip",
    "Choices": "choices",
    "Dot": "chip",
    "EmptyState": "empty",
    "FlowLayout": "flow",
    "Label": "basic",
    "LinkButton": "basic",
    "PageHeader": "header",
    "PrimaryButton": "basic",
    "ProgressLine": "progress",
    "Rule": "basic",
    "SecondaryButton": "basic",
    "SmallButton": "basic",
    "StepProgress": "progress",
    "clear_layout": "basic",
}

__all__ = [
    "Card",
    "Chip",
    "Choices",
    "Dot",
    "EmptyState",
    "FlowLayout",
    "Label",
    "LinkButton",
    "PageHeader",
    "PrimaryButton",
    "ProgressLine",
    "Rule",
    "SecondaryButton",
    "SmallButton",
    "StepProgress",
    "clear_layout",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
