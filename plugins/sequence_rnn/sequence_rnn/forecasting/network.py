"""The network that forecasts: a window of the past, recurrent layers, the way from a naive forecast to the future.

The last layer starts at zero, so that the network begins as the naive forecast and learns only what it can add.

Shapes: B windows, W steps of the past, H ahead, C columns, P periods of the calendar, N·U outputs of the core.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ..recurrent import RecurrentCore
from .fitting import Plan

if TYPE_CHECKING:
    from trasluz.torchkit.graph import GraphWriter

TINY = 1e-30


class Forecaster(nn.Module):
    """Sees raw values and times; scales, differences and their inverses are inside.

    Args:
        core: The recurrent layers; their inputs are `inputs_of`.
        plan: What was fitted on the train part.
        ahead: H of the network: 1 where it feeds its forecasts back.
        periods: Of the calendar, in days.
        dropout: Before the head.
    """

    def __init__(
        self, core: RecurrentCore, plan: Plan, *, ahead: int, periods: Sequence[float], dropout: float
    ) -> None:
        super().__init__()
        self.core, self.plan, self.ahead, self.periods = core, plan, ahead, tuple(periods)
        self.columns = len(plan.logarithm)
        self.dropout = nn.Dropout(dropout)
        self.remembered = nn.Linear(core.outputs, core.units)
        self.when = nn.Linear(2 * len(periods) + 1, core.units)
        self.each = nn.Parameter(torch.zeros(ahead, core.units))
        self.moves = nn.Linear(core.units, self.columns)
        nn.init.zeros_(self.moves.weight)
        nn.init.zeros_(self.moves.bias)
        self.register_buffer("by_factors", torch.tensor(plan.logarithm), persistent=False)
        self.register_buffer("floor", torch.tensor(plan.floor, dtype=torch.float32), persistent=False)
        lags = [plan.season - step % plan.season for step in range(ahead)]
        weights = torch.from_numpy(plan.level_weights()[:, None].astype(np.float32))
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("lags", torch.tensor([plan.window - lag for lag in lags]), persistent=False)

    by_factors: Tensor
    floor: Tensor
    weights: Tensor
    lags: Tensor

    @staticmethod
    def inputs_of(columns: int, periods: int) -> int:
        """D of the core: values, what is there, the calendar."""
        return 2 * columns + 2 * periods

    def scaled(self, series: Tensor) -> Tensor:
        """(B, …, C) raw values on the scale that is learned on; NaN where there is none."""
        logarithm = torch.log(series.clamp(min=TINY))
        found = torch.where(self.by_factors, logarithm, series)
        return torch.where(self.by_factors & ~(series > 0), torch.nan, found)

    def measured(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Which values are there (B, W, C) float, and the centre and the spread of each window (B, 1, C)."""
        there = (~torch.isnan(x)).to(x.dtype)
        count = there.sum(1, keepdim=True).clamp(min=1)
        centre = torch.nan_to_num(x).sum(1, keepdim=True) / count
        away = torch.where(there > 0, x - centre, 0.0)
        spread = torch.sqrt((away * away).sum(1, keepdim=True) / count)
        return there, centre, torch.maximum(spread, self.floor)

    def forward(self, series: Tensor, days: Tensor, *, seen: dict[str, Tensor] | None = None) -> Tensor:
        """Give the moves (B, H, C) from the naive forecast, in spreads of the window.

        Args:
            series: (B, W, C) raw values, NaN where there is none.
            days: (B, W + H) float64.
            seen: Takes up `base` (B, H, C), `centre` and `spread` (B, 1, C), and the outputs of each layer.
        """
        x = self.scaled(series)
        there, centre, spread = self.measured(x)
        z = torch.where(there > 0, (x - centre) / spread, 0.0)  # (B, W, C)
        rounds = self.rounds(days)  # (B, W + H, 2 P)
        window = series.shape[1]
        lengths = torch.full((len(series),), window, device=series.device)
        out, _ = self.core(torch.cat([z, there, rounds[:, :window]], dim=2), lengths, seen=seen)
        known = self.remembered(self.dropout(out[:, -1]))[:, None]  # (B, 1, U)
        step = torch.arange(self.ahead, device=series.device, dtype=z.dtype)[None, :, None] / max(1, self.ahead)
        ahead = rounds[:, window : window + self.ahead]
        when = self.when(torch.cat([ahead, step.expand(len(series), -1, -1)], dim=2))  # (B, H, U)
        moves = self.moves(torch.relu(known + when + self.each))
        if seen is not None:
            seen |= {"base": self.base(z, there), "centre": centre, "spread": spread}
        return moves

    def base(self, z: Tensor, there: Tensor) -> Tensor:
        """The naive forecast (B, H, C), in spreads of the window."""
        if self.plan.difference == "none":
            return z.new_zeros(len(z), self.ahead, z.shape[2])
        if self.plan.difference == "level":
            weights = there * self.weights
            level = (z * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True).clamp(min=TINY)
            return level.expand(-1, self.ahead, -1)
        place = torch.arange(1, z.shape[1] + 1, device=z.device, dtype=z.dtype)[None, :, None]
        newest = (there * place).amax(1, keepdim=True)  # (B, 1, C), from 1; 0 where nothing is there
        last = (z * (place == newest)).sum(1, keepdim=True).expand(-1, self.ahead, -1)
        if self.plan.difference == "last":
            return last
        return torch.where(there[:, self.lags] > 0, z[:, self.lags], last)

    def rounds(self, days: Tensor) -> Tensor:
        """Sine and cosine of each period, (B, W + H, 2 P) float32."""
        if not self.periods:
            return days.new_zeros(*days.shape, 0, dtype=torch.float32)
        turns = 2 * math.pi / torch.tensor(self.periods, dtype=torch.float64, device=days.device)
        angle = days[:, :, None].double() * turns
        return torch.cat([torch.sin(angle), torch.cos(angle)], dim=2).float()

    def raw(self, moves: Tensor, base: Tensor, centre: Tensor, spread: Tensor) -> Tensor:
        """The forecast (B, H, C) in the units of the data."""
        scaled = centre + spread * (base + moves)
        return torch.where(self.by_factors, torch.exp(scaled), scaled)

    def everything(self, series: Tensor, days: Tensor) -> dict[str, Tensor]:
        """All outputs of the graph by their names: `forecast`, `moves`, `spread` (B, C), `hidden_1`, …"""
        seen: dict[str, Tensor] = {}
        moves = self(series, days, seen=seen)
        base, centre, spread = (seen.pop(name) for name in ("base", "centre", "spread"))
        forecast = self.raw(moves, base, centre, spread)
        return {"forecast": forecast, "moves": moves, "spread": spread.squeeze(1), **seen}


def write_forecaster(writer: "GraphWriter", network: Forecaster) -> None:
    """Write what `Forecaster.everything` computes."""
    from trasluz.torchkit.graph import array

    plan, columns, ahead, window = network.plan, network.columns, network.ahead, network.plan.window
    series = writer.input("series", np.float32, ("items", window, columns))
    by_factors = writer.constant(plan.logarithm, np.bool_)
    zero, one = writer.constant(0.0), writer.integers(1)
    missing = writer.node("IsNaN", series)
    logarithm = writer.node("Log", writer.node("Max", series, writer.constant(TINY)))
    x = writer.node("Where", by_factors, logarithm, series)
    below = writer.node("And", by_factors, writer.node("LessOrEqual", series, zero))
    missing = writer.node("Or", missing, below)
    there = writer.cast(writer.node("Not", missing), np.float32)
    count = writer.node("Max", writer.node("ReduceSum", there, one, keepdims=1), writer.constant(1.0))
    x = writer.node("Where", missing, zero, x)
    centre = writer.node("Div", writer.node("ReduceSum", x, one, keepdims=1), count)
    away = writer.node("Where", missing, zero, writer.node("Sub", x, centre))
    variance = writer.node("Div", writer.node("ReduceSum", writer.node("Mul", away, away), one, keepdims=1), count)
    spread = writer.node("Max", writer.node("Sqrt", variance), writer.constant(plan.floor))
    z = writer.node("Div", away, spread)
    features, rounds = [z, there], ""
    if network.periods:
        days = writer.input("days", np.float64, ("items", window + ahead))
        turns = writer.constant(2 * math.pi / np.array(network.periods), np.float64)
        angle = writer.node("Mul", writer.node("Unsqueeze", days, writer.integers(2)), turns)
        # ONNX Runtime has no sine of float64; a turn is taken off first, so that float32 is exact enough.
        full = writer.constant(2 * math.pi, np.float64)
        whole = writer.node("Mul", writer.node("Floor", writer.node("Div", angle, full)), full)
        angle = writer.cast(writer.node("Sub", angle, whole), np.float32)
        rounds = writer.node("Concat", writer.node("Sin", angle), writer.node("Cos", angle), axis=2)
        features.append(writer.node("Slice", rounds, writer.integers(0), writer.integers(window), one))
    from ..item_lesson import write_core

    out = write_core(writer, network.core, writer.node("Concat", *features, axis=2))
    known = writer.linear(
        network.remembered, writer.node("Gather", out, writer.integers(window - 1), axis=1)
    )  # (B, 1, U)
    step = (np.arange(ahead, dtype=np.float32) / max(1, ahead))[None, :, None]
    weight, bias = array(network.when.weight), array(network.when.bias)
    steps = step * weight[:, -1] + bias + array(network.each)  # (1, H, U)
    mixed = writer.node("Add", known, writer.constant(steps))
    if network.periods:
        future = writer.node("Slice", rounds, writer.integers(window), writer.integers(window + ahead), one)
        mixed = writer.node("Add", mixed, writer.node("MatMul", future, writer.constant(weight[:, :-1].T)))
    moves = writer.linear(network.moves, writer.node("Relu", mixed), result="moves")
    scaled = writer.node("Add", moves, _write_base(writer, network, z, there)) if plan.difference != "none" else moves
    scaled = writer.node("Add", centre, writer.node("Mul", spread, scaled))
    forecast = writer.node("Where", by_factors, writer.node("Exp", scaled), scaled, result="forecast")
    writer.node("Squeeze", spread, one, result="spread")
    writer.output(forecast, ("items", ahead, columns))
    writer.output("moves", ("items", ahead, columns))
    writer.output("spread", ("items", columns))


def _write_base(writer: "GraphWriter", network: Forecaster, z: str, there: str) -> str:
    window, one = network.plan.window, writer.integers(1)
    if network.plan.difference == "level":
        weights = writer.node("Mul", there, writer.constant(network.weights.numpy()))
        total = writer.node("Max", writer.node("ReduceSum", weights, one, keepdims=1), writer.constant(TINY))
        return writer.node("Div", writer.node("ReduceSum", writer.node("Mul", z, weights), one, keepdims=1), total)
    place = writer.constant(np.arange(1, window + 1, dtype=np.float32)[None, :, None])
    newest = writer.node("ReduceMax", writer.node("Mul", there, place), one, keepdims=1)
    chosen = writer.cast(writer.node("Equal", place, newest), np.float32)
    last = writer.node("ReduceSum", writer.node("Mul", z, chosen), one, keepdims=1)  # (B, 1, C)
    if network.plan.difference == "last":
        return last
    lags = writer.constant(network.lags.tolist(), np.int64)
    known = writer.cast(writer.node("Gather", there, lags, axis=1), np.bool_)
    return writer.node("Where", known, writer.node("Gather", z, lags, axis=1), last)
