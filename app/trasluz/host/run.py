"""One training run, from the request on disk to the checked model on disk.

The road: hold the run folder alone → family, settings, device, data → `family.train` → the ONNX graphs held
against PyTorch and judged → the model gets its name. Whatever happens on the way is said in `events.jsonl`, and a
process that is killed anywhere leaves a folder from which the next one goes on.
"""

import contextlib
import faulthandler
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import (
    DataError,
    Event,
    Failed,
    Finished,
    ModelFamily,
    Note,
    Progress,
    Started,
    Stopped,
    TrainConfig,
    Trained,
    TrainingStopped,
)
from trasluz.core import places
from trasluz.core.atomic import remove_folder, sweep, take_whole, write_whole
from trasluz.core.corrections import Corrections
from trasluz.core.runs import queue
from trasluz.core.runs.folder import RunBusy, RunFolder
from trasluz.core.runs.history import remember
from trasluz.core.runs.launch import GENTLE, GENTLE_NOW
from trasluz.core.runs.spare import WAITING
from trasluz.core.statuses import BAD_DATA, FAILED, OK, STOPPED

from .context import OPENING, Clock, RunContext, Stopping, Voice, inference_device
from .troubles import Trouble, check_settings, trouble_of
from .waiting import wait_for_a_run

if TYPE_CHECKING:
    from trasluz.core.data.index import Index
    from trasluz.core.plugins.registry import Registry

_FACTS = "data.json"


def main(folder: str) -> int:
    """Execute a run as a process of its own, for the window; returns the exit status.

    Args:
        folder: The run's folder, or `WAITING`: it is told later.
    """
    faulthandler.enable()
    if os.environ.get(GENTLE) == GENTLE_NOW and hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(5)
    if folder == WAITING and not (folder := wait_for_a_run()):
        return OK  # no run came

    def tell(event: Event) -> None:
        if isinstance(event, Failed | Stopped):
            print(event.sentence, file=sys.stderr, flush=True)
        if isinstance(event, Failed) and event.details:
            print(event.details, file=sys.stderr, flush=True)

    # Whoever launched it has cleared an old wish to stop; one that is there now is meant for this process.
    status = execute_run(Path(folder), emit_also=tell, forget_stop=False)
    # Whatever became of this run, the next one has its turn, with or without a window.
    with contextlib.suppress(OSError):
        queue.advance(Path(folder).absolute().parent)
    return status


def execute_run(folder: Path, *, emit_also: Callable[[Event], object] | None = None, forget_stop: bool = True) -> int:
    """Train what the run folder asks for, or go on where it was left, and return the exit status.

    A run whose model is there already is not trained again, unless the person stopped it early and resumes it.

    Args:
        folder: The run folder.
        emit_also: Called with each event, for a caller that prints them.
        forget_stop: Whether a wish to stop from before this call is to be forgotten.

    Returns:
        0 done, 1 failed, 3 the data cannot be used, 130 stopped by the person.
    """
    run = RunFolder(folder)
    say = emit_also or (lambda _event: None)
    try:
        request = run.request
    except DataError as error:
        say(Failed(sentence=str(error)))
        return FAILED
    try:
        with run.lock(), run:
            run.forget_launch()
            queue.leave(run)
            remember(run)
            if forget_stop:
                run.clear_stop()
            return _Execution(run, emit_also).execute()
    except RunBusy as error:
        # Nothing is written: the events belong to the process that holds the run.
        say(Failed(sentence=str(error)))
        return FAILED
    except OSError as error:
        trouble = trouble_of(error, title=request.family)
        say(Failed(sentence=trouble.sentence, details=trouble.details))
        return trouble.status


class _Execution:
    """The run, while its folder is held."""

    def __init__(self, run: RunFolder, emit_also: Callable[[Event], object] | None) -> None:
        self._run = run
        self._request = run.request
        self._clock = Clock.of(run)
        self._voice = Voice(run, emit_also)
        self._stopping = Stopping(run)
        self._title = self._request.family
        self._data_seen = False
        self._early = False  # whether the person ended the learning; a wish that comes later finds it ended

    def execute(self) -> int:
        """Do it, and say how it ended."""
        run = self._run
        self._tidy()
        if run.has_model() and not self._goes_on():
            return self._already_there()
        try:
            with self._stopping.signals():
                self._train()
        except (TrainingStopped, KeyboardInterrupt):
            self._discard()
            paused = self._stopping.pausing()
            self._end(Stopped(sentence="Paused; it goes on from here.", paused=True) if paused else Stopped())
            return STOPPED
        except (Exception, SystemExit) as error:  # a plugin may even try to end the process
            trouble = self._trouble(error)
            self._discard()  # also makes room for the words, where the disk is full
            self._end(Failed(sentence=trouble.sentence, details=trouble.details, data_at_fault=trouble.data_at_fault))
            return trouble.status
        return STOPPED if self._early else OK

    def _trouble(self, error: BaseException) -> Trouble:
        if isinstance(error, DataError | OSError) and self._data_seen and not Path(self._request.data).exists():
            # One photo's sentence would not say that all of them are gone.
            return Trouble(
                f"The data “{self._request.data}” went away during the run: put it back, or connect its drive again, "
                "and go on with the run.",
                BAD_DATA,
            )
        return trouble_of(error, title=self._title, places=(self._run.path, self._cache_folder()))

    def _tidy(self) -> None:
        """Put away what a killed process left."""
        self._run.restore_model()
        self._discard()
        sweep(self._run.path)

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            remove_folder(self._run.unfinished_model_folder)

    def _end(self, event: Event) -> None:
        try:
            self._voice.emit(event)
        except OSError:
            # On a full disk the end cannot be written either; then the run reads as interrupted, which is true.
            self._voice.tell(event)
        with contextlib.suppress(OSError):
            self._run.clear_stop()

    def _goes_on(self) -> bool:
        """Whether a run that has a model is to be trained further: its person stopped it early, or resumed that."""
        last = self._run.last_turn()
        resumed = isinstance(last, Started) and self._run.model_made() < last.time
        return (resumed or self._run.stopped_early()) and self._run.has_checkpoint()

    def _already_there(self) -> int:
        if not isinstance(self._run.last_turn(), Finished):
            from trasluz.core.inference.model import read_card

            # The process was killed between the model's last step and its last word.
            card = read_card(self._run.model_folder)
            self._voice.emit(Finished(metrics=card.metrics, seconds=card.seconds))
        self._let_go_of_checkpoint()
        return OK

    def _let_go_of_checkpoint(self) -> None:
        """Make room, unless the run was stopped early and may go on."""
        if not self._run.stopped_early():
            with contextlib.suppress(OSError):
                remove_folder(self._run.checkpoint_folder)

    def _train(self) -> None:
        run, request = self._run, self._request
        resumed = run.last_turn() is not None
        self._voice.emit(Progress(stage=OPENING, done=0))
        from trasluz.core.plugins.registry import Registry

        registry = Registry.load()
        family = registry.family(request.family)
        self._title = family.title
        config = check_settings(family.config, request.settings, title=family.title)
        device, words = _device(request.device)
        self._voice.emit(Started(pid=os.getpid(), device=words, resumed=resumed))
        with contextlib.closing(self._open_data(registry)) as dataset:
            _check_data(dataset, family)
            family = family.for_kind(dataset.kind)
            config = check_settings(family.config, request.settings, title=family.title)
            self._data_seen = True
            self._tell_problems(dataset)
            self._check_same_data(dataset)
            context = RunContext(
                folder=run,
                config=config,
                dataset=dataset,
                device=device,
                cache_folder=self._cache_folder(),
                clock=self._clock,
                voice=self._voice,
                stopping=self._stopping,
            )
            trained = family.train(context)
            if self._stopping.pausing():  # one that looked neither for a pause nor for its model's folder
                raise TrainingStopped
            self._early = self._stopping()
            self._finish(trained, family, context, config)

    def _finish(self, trained: Trained, family: ModelFamily, context: RunContext, config: TrainConfig) -> None:
        """Check the graphs, write the card, give the model its name, and say so; in this order."""
        from trasluz.core.inference.finish import finish

        run, request = self._run, self._request
        card, judgement = finish(
            trained,
            family=family,
            dataset=context.dataset,
            folder=run.unfinished_model_folder,
            config=config,
            run_id=request.id,
            title=request.name,
            device=inference_device(context.device),
            seconds=self._clock.seconds(),
            progress=self._voice.emit,
        )
        judgement.save(run.judgement_path)
        if self._early:
            self._voice.emit(
                Note(
                    sentence="Stopped early: what it had learned by then was kept. The run can go on from here.",
                    facts={"stopped_early": True},
                )
            )
        run.keep_model()
        if said := family.finished(run.model_folder, card, places.library_folder()):
            self._voice.emit(Note(sentence=said))
        self._voice.emit(Finished(metrics=card.metrics, seconds=self._clock.seconds()))
        run.clear_stop()
        self._let_go_of_checkpoint()

    def _cache_folder(self) -> Path:
        return self._run.inside(self._request.cache) if self._request.cache else places.cache_folder()

    # the data

    def _open_data(self, registry: "Registry") -> "Index":
        from trasluz.core.data.corrected import recorrect
        from trasluz.core.data.index import Index

        run, root = self._run, Path(self._request.data)
        corrections = self._corrections()
        if self._request.index and not run.index_path.exists():
            # The run keeps the list that it began with, while the project's is made anew beside it.
            take_whole(run.inside(self._request.index), run.index_path)
            with contextlib.suppress(DataError):  # then it is made anew below
                recorrect(run.index_path, corrections)
                self._keep(corrections)
        # Until something was learned from it, the data is looked at again: whoever resumes may have mended it.
        if self._request.index or run.has_checkpoint() or not root.exists():
            # A list is made from the data: a missing or damaged one is no reason to end.
            with contextlib.suppress(DataError):
                found = Index.open(run.index_path, registry.sources)
                return found if found.root.exists() else Index.open(run.index_path, registry.sources, root=root)
        try:
            made = Index.build(
                root,
                run.index_path,
                registry.sources,
                seed=self._request.seed,
                corrections=corrections,
                progress=self._voice.emit,
                cancelled=self._stopping,
            )
        except CancelledError as error:
            raise TrainingStopped from error
        self._keep(corrections)
        return made

    def _corrections(self) -> Corrections:
        asked = self._request.corrections
        return Corrections.read(self._run.inside(asked)) if asked else Corrections()

    def _keep(self, corrections: Corrections) -> None:
        """Note what counted when the data was taken: what it is judged by is told by this alone."""
        if corrections or self._run.corrections_path.exists():
            corrections.write(self._run.corrections_path)

    def _tell_problems(self, dataset: "Index") -> None:
        """Say which files are set aside and what will be learned badly, in the run's own words."""
        for problem in dataset.summary().problems:
            if problem.severity != "note":
                self._voice.emit(Note(sentence=problem.sentence, level="warning"))

    def _check_same_data(self, dataset: "Index") -> None:
        """A checkpoint belongs to the data that it learned from; when that has changed, it starts again."""
        path = self._run.path / _FACTS
        try:
            before = json.loads(path.read_bytes())["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError):
            before = None
        if before is not None and before != dataset.fingerprint and self._run.has_checkpoint():
            remove_folder(self._run.checkpoint_folder)
            self._voice.emit(
                Note(
                    sentence="The data has changed since this run began, so it starts again from the beginning.",
                    level="warning",
                )
            )
        if before != dataset.fingerprint:
            facts: dict[str, Any] = {"fingerprint": dataset.fingerprint}
            write_whole(path, json.dumps(facts))


def _device(asked: str) -> tuple[str, str]:
    """The torch device for what was asked, and in words; torch is asked only where there is a choice."""
    if asked.strip().lower() == "cpu":
        return "cpu", "the CPU"
    from trasluz.torchkit import device

    found = device.resolve(asked)
    return str(found), device.describe(found)


def _check_data(dataset: "Index", family: ModelFamily) -> None:
    if not dataset.root.exists():
        raise DataError(f"The data is not there: “{dataset.root}”. Put it back, or train anew where it is now.")
    if dataset.kind not in [str(kind) for kind in family.kinds]:
        wanted = ", ".join(str(kind) for kind in family.kinds)
        raise DataError(
            f"“{family.title}” learns from {wanted}, and “{dataset.root.name}” holds {dataset.kind}; "
            "choose another model."
        )
    if not dataset.count("train"):
        raise DataError(f"“{dataset.root}” has nothing to learn from: its train part is empty.")
    if not dataset.count("val"):
        raise DataError(
            f"“{dataset.root}” has nothing to judge the model by: its val part is empty. Add a few more items."
        )
