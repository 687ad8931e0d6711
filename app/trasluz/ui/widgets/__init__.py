"""The small parts that pages are made of; each asks the theme for its colours while it paints."""

from .basic import Card, Label, LinkButton, PrimaryButton, Rule, SecondaryButton, SmallButton, clear_layout
from .chip import Chip, Dot
from .empty import EmptyState
from .flow import FlowLayout
from .header import PageHeader
from .progress import ProgressLine, StepProgress

__all__ = [
    "Card",
    "Chip",
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
