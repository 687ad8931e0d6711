"""The colours of the look, once: warm paper, one lamp-coloured accent, light and dark."""

from typing import NamedTuple

OKABE_ITO = ("#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#D55E00", "#F0E442")
"""What follows the first two series in a plot (Okabe and Ito 2008); seen apart by colour-blind people."""


class Tokens(NamedTuple):
    """One colour for each meaning, as `#RRGGBB`. A named tuple: it is made before the first frame, and cheaply."""

    dark: bool
    background: str
    side: str
    panel: str
    line: str
    ink: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_ground: str
    chip: str
    good: str
    warn: str
    bad: str
    series: tuple[str, ...]

    @property
    def series_1(self) -> str:
        """The colour of the first series of a plot."""
        return self.series[0]

    @property
    def series_2(self) -> str:
        """The colour of the second series of a plot."""
        return self.series[1]


LIGHT = Tokens(
    dark=False,
    background="#F6F3EE",
    side="#EFEAE2",
    panel="#FFFFFF",
    line="#E4DED4",
    ink="#221F1A",
    muted="#6F685C",
    accent="#B45309",
    accent_hover="#9A4607",
    on_accent="#FFFFFF",
    accent_ground="#FBEBD3",
    chip="#F1ECE3",
    good="#1F7A5A",
    warn="#8A5A00",
    bad="#B3261E",
    series=("#2F5D8A", "#B45309", *OKABE_ITO),
)

DARK = Tokens(
    dark=True,
    background="#181614",
    side="#1D1A17",
    panel="#221F1C",
    line="#38332D",
    ink="#EFEAE2",
    muted="#A59C8E",
    accent="#F0A84B",
    accent_hover="#F5BA6E",
    on_accent="#22180A",
    accent_ground="#3A2C17",
    chip="#2C2823",
    good="#6CC9A1",
    warn="#E6B85C",
    bad="#F2867D",
    series=("#8DB7E3", "#F0A84B", *OKABE_ITO),
)


def contrast(first: str, second: str) -> float:
    """The contrast of two colours as WCAG 2 counts it, from 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
