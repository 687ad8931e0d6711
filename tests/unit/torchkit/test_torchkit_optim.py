"""Rates, schedules, seeds, devices, averages: the small parts."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from trasluz.api import FamilyError
from trasluz.torchkit import device
from trasluz.torchkit.average import Average
from trasluz.torchkit.optim import (
    constant,
    freeze,
    layerwise,
    optimiser,
    parameter_groups,
    set_rates,
    unfreezing,
    warmup_cosine,
)
from trasluz.torchkit.pace import Pace
from trasluz.torchkit.seed import generator, random_state, restore_random_state, seed_everything


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 4), nn.Linear(4, 3))


def test_each_part_has_its_rate_and_norms_are_never_decayed() -> None:
    net = network()
    parts = layerwise([("a", [net[0], net[1]]), ("b", [net[2]]), ("c", [net[3]])], 0.1, decay=0.5, learning=2)
    assert [part.rate for part in parts] == [0.0, 0.05, 0.1]
    assert [part.learning for part in parts] == [False, True, True]
    assert parts[0].size == 2 * 4 + 4 + 4 + 4
    freeze(parts)
    assert not any(p.requires_grad for p in net[0].parameters())
    groups = parameter_groups(parts, weight_decay=0.2)
    assert [(g["name"], g["lr"], g["weight_decay"]) for g in groups] == [
        ("b", 0.05, 0.2),
        ("b", 0.05, 0.0),
        ("c", 0.1, 0.2),
        ("c", 0.1, 0.0),
    ]
    assert [p.ndim for g in groups for p in g["params"]] == [2, 1, 2, 1]


def test_a_weight_in_two_parts_is_refused() -> None:
    net = network()
    with pytest.raises(ValueError, match="“b” belongs to another part"):
        parameter_groups(layerwise([("a", [net]), ("b", [net[0]])], 0.1, decay=1.0), weight_decay=0.0)


def test_parts_open_from_the_last_one_back_and_what_is_closed_has_neither_rate_nor_gradient() -> None:
    net = network()
    named = [("a", [net[0]]), ("b", [net[1]]), ("c", [net[2]]), ("d", [net[3]])]
    parts = unfreezing(layerwise(named, 0.1, decay=0.5, learning=3), 0.4)
    assert [part.opens for part in parts] == [0.0, 0.4, 0.2, 0.0]
    assert {part.opens for part in unfreezing(parts, 0.0)} == {0.0}
    freeze(parts)
    chosen = optimiser(parameter_groups(parts, weight_decay=0.0))
    for group in chosen.param_groups:
        group["full"] = group["lr"]
    for done, expected in ((0.0, [0, 0, 0.1]), (0.2, [0, 0.05, 0.1]), (0.4, [0.025, 0.05, 0.1])):
        set_rates(chosen, 0.5, done)
        rates = {group["name"]: group["lr"] for group in chosen.param_groups}
        assert [rates[name] for name in "bcd"] == pytest.approx([rate / 2 for rate in expected])
        for group in chosen.param_groups:
            assert all(p.requires_grad == (group["lr"] > 0) for p in group["params"])
    set_rates(chosen, 0.5, 0.0, toggle=False)
    assert all(p.requires_grad for group in chosen.param_groups for p in group["params"])
    assert not any(p.requires_grad for p in net[0].parameters()), "what never learns is never opened"


def test_nothing_to_learn_is_a_sentence() -> None:
    net = network()
    parts = layerwise([("all", [net])], 0.1, decay=1.0, learning=0)
    with pytest.raises(FamilyError, match="No part of the network"):
        optimiser(parameter_groups(parts, weight_decay=0.0))


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_both_optimisers_learn(kind: str) -> None:
    torch.manual_seed(0)
    net = nn.Linear(2, 1)
    chosen = optimiser(parameter_groups(layerwise([("n", [net])], 0.05, decay=1.0), weight_decay=0.0), kind=kind)  # type: ignore[arg-type]
    x = torch.randn(64, 2)
    y = x @ torch.tensor([[1.0], [-2.0]])
    for _ in range(150):
        chosen.zero_grad()
        loss = (net(x) - y).square().mean()
        loss.backward()
        chosen.step()
    assert loss < 0.05


def test_the_schedule_rises_then_falls() -> None:
    factor = warmup_cosine(0.1, floor=0.02)
    values = [factor(done) for done in np.linspace(0, 1, 101)]
    assert values[0] > 0
    assert values[10] == pytest.approx(1.0)
    assert values == values[:11] + sorted(values[11:], reverse=True)
    assert values[:11] == sorted(values[:11])
    assert values[-1] == pytest.approx(0.02)
    assert factor(2.0) == pytest.approx(0.02)
    assert [constant(0.5)(x) for x in (0.25, 0.5, 1.0)] == [0.5, 1.0, 1.0]
    assert warmup_cosine(0.0)(0.0) == 1.0
    assert 0 < warmup_cosine(1.0)(1.0) <= 1.0


def test_generators_come_back_to_where_they_were() -> None:
    seed_everything(3)
    state = random_state()

    def drawn() -> tuple[float, float, list[float]]:
        return random.random(), float(np.random.rand()), torch.rand(3).tolist()

    first = drawn()
    random.gauss()  # leaves a second value behind
    restore_random_state(state)
    assert drawn() == first
    seed_everything(3)
    assert drawn() == first
    assert generator(1, 2).random() == generator(1, 2).random() != generator(2, 1).random()


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.resolve("cpu") == torch.device("cpu")
    with pytest.raises(FamilyError, match="“tpu” is not a device"):
        device.resolve("tpu")
    with pytest.raises(FamilyError, match="“cuda:x” is not a device"):
        device.resolve("cuda:x")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "_has_mps", lambda: False)
    assert device.resolve("auto") == torch.device("cpu")
    with pytest.raises(FamilyError, match="“cuda” cannot be used"):
        device.resolve("cuda")
    with pytest.raises(FamilyError, match="no Apple GPU"):
        device.resolve("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.resolve("auto") == torch.device("cuda")
    assert device.resolve("cuda:1") == torch.device("cuda:1")
    with pytest.raises(FamilyError, match="go from 0 to 1"):
        device.resolve("cuda:2")


def test_tuning_sets_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    try:
        assert device.tune(threads=1) == torch.get_num_threads() == 1
        assert device.tune() == torch.get_num_threads() == device.cores()
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert device.tune() == torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert device.free_memory() > 1 << 20


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_is_a_lack_of_memory(error: Exception, expected: bool) -> None:
    assert device.out_of_memory(error) is expected


def test_the_average_follows_and_can_be_put_in_for_a_while() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 0.0)
    average = Average(net, 0.5)
    nn.init.constant_(net.weight, 1.0)
    for _ in range(40):
        average.update()
    with average.applied():
        assert net.weight.item() == pytest.approx(1.0, abs=1e-6)
    nn.init.constant_(net.weight, 3.0)
    average.update()
    with average.applied():
        assert net.weight.item() == pytest.approx(2.0, abs=1e-6)
    assert net.weight.item() == 3.0


def test_the_fraction_done_goes_by_what_runs_out_first() -> None:
    left = 1e9
    pace = Pace(2, 10, seconds_left=lambda: left, reserve=5.0, before=10.0)
    assert pace.fraction(5) == pytest.approx(0.25, abs=0.01)
    left = 15.0  # ten of them are for training
    assert pace.fraction(6) == pytest.approx(0.5, abs=0.01)
    left = 1e9
    assert pace.fraction(7) == pytest.approx(0.5, abs=0.01)  # it never goes back
    assert Pace(2, 10, seconds_left=lambda: None, reserve=5.0).fraction(5) == 0.25
