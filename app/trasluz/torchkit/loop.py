"""The training loop: steps, validation, the best kept, checkpoints, the time limit, and what goes wrong on the way.

It knows nothing of photos, text or sound. A family gives a network, batches, a `step` that turns a batch into a
loss, and a `validate` that measures the network. A run that was killed goes on where its last checkpoint stood and,
on a CPU, reaches the same weights to the last bit.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Literal

import torch
from torch import nn

from trasluz.api import (
    FamilyError,
    Metric,
    Note,
    Preview,
    Progress,
    Record,
    Sampled,
    SampledItem,
    TrainContext,
    TrainingStopped,
)

from .accelerated import accelerator, moved
from .average import Average
from .batches import Batch, Batches
from .device import out_of_memory, resolve, tune
from .optim import set_rates
from .pace import Pace
from .plan import Ended, Outcome, Plan, Step, Validation
from .resume import Progressed, Store
from .seed import random_state, restore_random_state, seed_everything

_SKIPS_ALLOWED = 20
_SHOW_SECONDS = 15.0
"""Between two looks at what is learned from: a run of an hour says 150 kB of them."""
_SHOWN = 5
"""Items of the batch that are told; one more than a page shows, for those who mix neighbours."""


def fit(
    context: TrainContext,
    *,
    module: nn.Module,
    step: Step,
    batches: Batches[Any, Any],
    validate: Callable[[nn.Module], Validation],
    optimiser: torch.optim.Optimizer,
    plan: Plan,
) -> Outcome:
    """Train `module`, resuming from the run's checkpoint where there is one, and leave the best weights in it.

    Args:
        context: The run's device, folders, voice, time limit and wish to stop.
        module: The network.
        step: Turns a collated batch into a loss.
        batches: The items to learn from.
        validate: Measures the network; it is called in eval mode and without gradients.
        optimiser: An optimiser over the parameters of `module`.
        plan: How to train.

    Raises:
        FamilyError: If training cannot go on: no memory for a single item, or no finite loss any more.
        DataError: If nothing can be read any more.
        TrainingStopped: If the person asked to pause; the checkpoint is where they did.
    """
    loop = _Loop(context, plan, module=module, step=step, batches=batches, validate=validate, optimiser=optimiser)
    return loop.run()


class _Loop:
    def __init__(
        self,
        context: TrainContext,
        plan: Plan,
        *,
        module: nn.Module,
        step: Step,
        batches: Batches[Any, Any],
        validate: Callable[[nn.Module], Validation],
        optimiser: torch.optim.Optimizer,
    ) -> None:
        if len(batches) == 0:
            raise FamilyError("There is nothing to learn from: the train part of the data is empty.")
        device = resolve(context.device)
        tune(threads=plan.threads)
        seed_everything(plan.seed, exact=device.type == "cpu")
        self.context, self.plan, self.module = context, plan, module
        self.step, self.batches, self.validate = step, batches, validate
        self.accelerator = accelerator(device, plan.precision)
        self.model, self.optimiser = self.accelerator.prepare(module, optimiser)
        self.learning = [p for group in optimiser.param_groups for p in group["params"]]
        for group in optimiser.param_groups:
            group["full"] = group["lr"]
        self.average = Average(module, plan.average) if plan.average is not None else None
        self.at = Progressed(pieces=plan.pieces)
        self.shown = -math.inf
        self.store = Store(context.checkpoint_folder, every=plan.checkpoint_seconds, identity=dict(plan.identity))
        self.pace = self._pace(0.0)

    def _pace(self, before: float) -> Pace:
        return Pace(
            self.plan.epochs,
            len(self.batches),
            seconds_left=self.context.seconds_left,
            reserve=self.plan.reserve_seconds,
            before=before,
        )

    # The run

    def run(self) -> Outcome:
        if not self._resume() and self.plan.validate_first:
            self._measure()
        ended = self._train()
        if self.at.measured_at != self.at.step:
            self._measure(whole_pass=False)
            self._save()
        if self.at.best_weights is not None:
            self.module.load_state_dict(self.at.best_weights)
        self.module.eval()
        return Outcome(
            metrics=self.at.best_metrics,
            best_step=self.at.best_step,
            passes=self._passes(),
            ended=ended,
            seconds=self.pace.elapsed(),
            history=tuple(self.at.history),
        )

    def _train(self) -> Ended:
        while self.at.epoch < self.plan.epochs:
            if self._enough():
                return "enough"
            if self._impatient():
                return "patience"
            self.plan.to_train(self.module)
            self.pace.start()
            # A generator that is left early ends its threads when it is closed, not when it is forgotten.
            stream = self.batches.epoch(self.at.epoch, start=self.at.batch, pieces=lambda: self.at.pieces)
            try:
                for batch in stream:
                    ended = self._must_end()
                    if ended:
                        self._save()
                        if ended == "asked" and self.context.pausing():
                            raise TrainingStopped
                        return ended
                    self._advance(batch)
            finally:
                stream.close()
            self._measure()
            self.at.epoch += 1
            self.at.batch = 0
            self._save()
        return "passes"

    def _advance(self, batch: Batch[Any]) -> None:
        if batch.items:
            self._learn(batch)
            self._show(batch)
        self.pace.stepped(len(batch.items))
        self.at.batch = batch.index + 1
        self.at.step = self.at.epoch * len(self.batches) + self.at.batch
        self._say(batch)
        # The end of a pass has a checkpoint of its own, after the validation.
        if self.at.batch < len(self.batches) and self.store.due():
            self._save()
            self.pace.start()

    def _must_end(self) -> Ended | None:
        left = self.pace.time_for_training()
        asked = self._any(self.context.stopping())
        late = self._any(left is not None and left <= 0)
        return "asked" if asked else "time" if late else None

    def _enough(self) -> bool:
        best = self.at.best_metrics.get(self.plan.metric)
        if self.plan.enough is None or best is None:
            return False
        return best >= self.plan.enough if self.plan.higher_is_better else best <= self.plan.enough

    def _impatient(self) -> bool:
        return self.plan.patience is not None and self.at.without_gain >= self.plan.patience

    def _passes(self) -> float:
        return self.at.step / len(self.batches)

    # One step

    def _learn(self, batch: Batch[Any]) -> None:
        while True:
            try:
                found = self._try(batch)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            # Outside the except block: the error holds the whole step's tensors alive.
            self._halve(batch)
        if found is None:
            self._skipped()
            return
        self.at.skips = 0
        if self.average is not None:
            self.average.update()
        for name, value in found.items():
            self.at.sums[name] = self.at.sums.get(name, 0.0) + value
        self.at.summed += 1

    def _try(self, batch: Batch[Any]) -> dict[str, float] | None:
        """Make one step; None where the loss or its gradient is not a number and nothing was changed."""
        self._set_rates()
        self.optimiser.zero_grad(set_to_none=True)
        total = sum(batch.sizes)
        found: dict[str, float] = {}
        finite = True
        for number, (piece, size) in enumerate(zip(batch.pieces, batch.sizes, strict=True)):
            share = size / total
            last = number == len(batch.pieces) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                loss, others = self.step(self.model, moved(piece, self.accelerator.device))
                value = float(loss.detach())
                finite = not self._any(not math.isfinite(value))
                if not finite:
                    break
                self.accelerator.backward(loss * share)
            for name, each in {"loss": value, **others}.items():
                found[name] = found.get(name, 0.0) + float(each) * share
        if finite:
            norm = self.accelerator.clip_grad_norm_(self.learning, self.plan.clip or math.inf)
            # With fp16 the scaler meets infinities on purpose, and leaves those steps out itself.
            finite = self.accelerator.scaler is not None or bool(torch.isfinite(norm))
        if not finite:
            self.optimiser.zero_grad(set_to_none=True)
            return None
        self.optimiser.step()
        return found

    def _set_rates(self) -> None:
        done = self.pace.fraction(self.at.step)
        set_rates(self.optimiser, self.plan.schedule(done), done, toggle=self.accelerator.num_processes == 1)

    def _halve(self, batch: Batch[Any]) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        size = max(batch.sizes)
        if size <= 1 or self.accelerator.num_processes > 1:
            raise FamilyError(
                "There is not enough memory to learn from a single item; close other programs, or choose a smaller "
                "network or the CPU."
                if size <= 1
                else "One of the processes ran out of memory; choose a smaller batch."
            )
        self.at.pieces = -(-len(batch.items) // (size // 2))
        batch.cut(self.at.pieces, self.batches.collate)
        self._note(
            f"Memory ran out with {size} items at once; going on with {max(batch.sizes)} at once. What is learned "
            f"stays the same: {self.batches.batch_size} still make one step.",
            level="warning",
        )

    def _skipped(self) -> None:
        self.at.skips += 1
        self.at.skipped += 1
        if self.at.skips >= _SKIPS_ALLOWED:
            raise FamilyError(
                f"The loss has not been a number for {self.at.skips} steps in a row, so nothing can be learned any "
                "more; set a lower learning rate (a tenth of it) and train again."
            )
        if self.at.skipped == 1:
            self._note("The loss of a step was not a number; that step was left out.", level="warning")

    # Measuring

    def _measure(self, *, whole_pass: bool = True) -> None:
        """Validate, and keep the weights where they are the best so far."""
        timer = Pace(1, 1, seconds_left=lambda: None, reserve=0)
        # What validation draws must not change what training draws next.
        state = random_state()
        self.module.eval()
        try:
            with torch.no_grad(), self.average.applied() if self.average is not None else nullcontext():
                found = self.validate(self.model)
                metrics = {name: float(value) for name, value in found.metrics.items()}
                best = self._is_best(metrics)
                if best:
                    self._keep(metrics)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            raise FamilyError(
                "Memory ran out while the validation items were looked at; close other programs."
            ) from error
        restore_random_state(state)
        self.plan.to_train(self.module)
        self.pace.validating = max(timer.elapsed(), 0.5 * self.pace.validating)
        if whole_pass and self.at.step > 0:
            self.at.without_gain = 0 if best else self.at.without_gain + 1
        self.at.measured_at = self.at.step
        self.at.history.append({"step": self._passes(), **metrics})
        for name, value in metrics.items():
            self._emit(
                Metric(name=name, value=value, step=self._passes(), split="val", best=best and name == self.plan.metric)
            )
        if found.previews:
            self._emit(Preview(step=self._passes(), items=tuple(found.previews)))

    def _is_best(self, metrics: Mapping[str, float]) -> bool:
        if self.plan.keep_last:
            return True
        value = metrics[self.plan.metric]
        if not math.isfinite(value):
            # Something must be kept, or there is nothing to go back to.
            return self.at.best_weights is None
        before = self.at.best_metrics.get(self.plan.metric)
        if before is None or not math.isfinite(before):
            return True
        return value > before if self.plan.higher_is_better else value < before

    def _keep(self, metrics: dict[str, float]) -> None:
        self.at.best_metrics = metrics
        self.at.best_step = self._passes()
        self.at.best_weights = {k: v.detach().cpu().clone() for k, v in self.module.state_dict().items()}
        self.at.best_saved = False

    # Saying

    def _say(self, batch: Batch[Any]) -> None:
        every = max(1, len(self.batches) // self.plan.points)
        # Told by steps, not by the clock, so that a resumed run says the same as an undisturbed one.
        if self.at.batch % every == 0 and self.at.summed:
            for name, total in self.at.sums.items():
                self._emit(Metric(name=name, value=total / self.at.summed, step=self._passes(), split="train"))
            self._emit(Metric(name="learning_rate", value=self._rate(), step=self._passes()))
            self.at.sums, self.at.summed = {}, 0
        if self.pace.may_speak() or self.at.batch == len(self.batches):
            items = len(self.batches.items)
            self._emit(
                Progress(
                    stage=self.plan.stage,
                    done=self.at.epoch * items + min(items, self.at.batch * self.batches.batch_size),
                    total=self.plan.epochs * items,
                    unit=self.plan.unit,
                    rate=self.pace.rate(),
                    seconds_left=self.pace.seconds_left(self.at.step),
                    passes=self.plan.epochs,
                )
            )

    def _show(self, batch: Batch[Any]) -> None:
        """Tell now and then what is learned from, by number and draw: some hundred bytes, and no picture."""
        now = time.monotonic()
        if now - self.shown < _SHOW_SECONDS or not isinstance(self.batches.items[0], Record):
            return
        self.shown = now
        drawn = self.batches.drawn(self.at.epoch, batch.index, at_most=_SHOWN)
        records = [(self.batches.items[number], number, words) for number, words in drawn]
        items = [SampledItem(path=r.path, target=r.target, number=number, draw=w) for r, number, w in records]
        self._emit(Sampled(step=self._passes(), items=tuple(items)))

    def _rate(self) -> float:
        return max(float(group["lr"]) for group in self.optimiser.param_groups)

    def _note(self, sentence: str, *, level: Literal["info", "warning"] = "info") -> None:
        self._emit(Note(sentence=sentence, level=level))

    def _emit(self, event: Any) -> None:
        if self.accelerator.is_main_process:
            self.context.emit(event)

    def _any(self, flag: bool) -> bool:
        """Whether any of the processes says so: they must all do the same, or they wait for each other for ever."""
        if self.accelerator.num_processes == 1:
            return flag
        told = torch.tensor(float(flag), device=self.accelerator.device)
        return bool(self.accelerator.reduce(told, reduction="sum") > 0)

    # Checkpoints

    def _save(self) -> None:
        if not self.accelerator.is_main_process:
            return
        self.at.seconds = self.pace.elapsed()
        scaler = self.accelerator.scaler
        trouble = self.store.save(
            self.at,
            {
                "module": self.module.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "random": random_state(),
                "average": None if self.average is None else self.average.weights,
                "average_steps": 0 if self.average is None else self.average.steps,
                "scaler": None if scaler is None else scaler.state_dict(),
            },
        )
        if trouble:
            self._note(trouble, level="warning")

    def _resume(self) -> bool:
        found = self.store.load()
        if found.sentence:
            self._note(found.sentence, level="warning")
        if found.progressed is None:
            return False
        self.at = found.progressed
        self.module.load_state_dict(found.state["module"])
        self.optimiser.load_state_dict(found.state["optimiser"])
        if self.average is not None and found.state["average"] is not None:
            self.average.load(found.state["average"], found.state["average_steps"])
        if self.accelerator.scaler is not None and found.state["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(found.state["scaler"])
        restore_random_state(found.state["random"])
        self.pace = self._pace(self.at.seconds)
        self._note(f"Taken up again in pass {min(self.at.epoch + 1, self.plan.epochs)} of {self.plan.epochs}.")
        return True
