"""What the program can do with data and models: one public method for each method on the wire.

The window asks through the host child; the command line calls the same methods in its own process. Arguments and
results are JSON values and numpy arrays. Nothing heavy is imported before it is needed.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from trasluz.api import VectorsPredictor, WritingPredictor

from .calls import Cancels, Reports, UsageError, silent, undisturbed
from .listening import hears
from .live import Live
from .looking import Looking
from .models import OpenModels

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry

Pool = Literal["quick", "long", "pictures"]


class Service(Looking, Live):
    """The program's abilities, with the plugins loaded once and the last models kept open. Safe from any thread."""

    METHODS: ClassVar[dict[str, Pool]] = {
        "catalogue": "quick",
        "devices": "quick",
        "sample": "long",
        "inspect": "long",
        "advise": "long",
        "varied": "pictures",
        "sound": "pictures",
        "split_page": "pictures",
        "cut_page": "pictures",
        "alphabet": "quick",
        "parts": "long",
        "thumbnail": "pictures",
        "image": "pictures",
        "open_model": "quick",
        "predict": "quick",
        "predict_image": "quick",
        "hear": "quick",
        "predict_folder": "long",
        "generate": "long",
        "words": "quick",
        "views": "quick",
        "explain": "quick",
        "evaluate": "long",
        "export": "long",
        "compared": "long",
        "keepable": "quick",
        "keep": "quick",
    }
    """What may be asked over the wire, and which threads do it."""
    REPORTING: ClassVar[frozenset[str]] = frozenset(
        {"inspect", "advise", "predict", "predict_folder", "generate", "evaluate", "export"}
    )
    """Which methods take `progress` and `cancelled`."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._registry: Registry | None = None
        super().__init__()
        self._models = OpenModels(self.registry)

    def registry(self) -> "Registry":
        """The loaded plugins."""
        with self._loading:
            if self._registry is None:
                from trasluz.core.plugins.registry import Registry

                self._registry = Registry.load()
            return self._registry

    def warm(self) -> None:
        """Load what everybody needs, so that the first question is answered at once. Never raises."""
        import importlib

        for name in ("PIL.Image", "trasluz.core.data.images", "trasluz.core.data.index"):
            with suppress(Exception):
                importlib.import_module(name)
        with suppress(Exception):
            self.registry()
        with suppress(Exception):
            importlib.import_module("onnxruntime")

    # the program

    def catalogue(self) -> dict[str, Any]:
        """List the model families with their settings, the kinds of data, and the plugins."""
        from .catalogue import catalogue

        return catalogue(self.registry())

    def devices(self, device: str = "auto") -> dict[str, Any]:
        """Say which device models really run on, timed, and why it is not the GPU where it is not."""
        from trasluz.core.inference.devices import report

        return report(device).model_dump(mode="json")

    def sample(self, name: str) -> dict[str, Any]:
        """Build the sample data of that name where it is not there yet, and say where it is."""
        from trasluz.core import places
        from trasluz.core.data.samples import build_sample

        return {"folder": str(build_sample(name, places.user_folder() / "samples" / name))}

    # data

    def inspect(
        self,
        *,
        data: str,
        index: str,
        seed: int = 0,
        rebuild: bool = False,
        corrections: str | None = None,
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Look through a folder of data, keep an index of it, and say what it holds and what is wrong.

        Args:
            data: The folder or file.
            index: Where the index is or goes.
            seed: Of the split, where the data gives none.
            rebuild: Look again, even where there is an index of this data.
            corrections: The file of what the person corrected, which counts in place of what the data says.
        """
        from . import inspecting

        return inspecting.inspect(
            self.registry(),
            Path(data),
            Path(index),
            seed=seed,
            rebuild=rebuild,
            corrections=Path(corrections) if corrections else None,
            progress=progress,
            cancelled=cancelled,
        )

    def advise(
        self,
        *,
        data: str,
        family: str | None = None,
        settings: Mapping[str, Any] | None = None,
        index: str | None = None,
        cache: str | None = None,
        seed: int = 0,
        device: str = "auto",
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Measure where the data stands in a family's strategy table, and say which settings go with that place.

        Args:
            data: The folder or file.
            family: Whose advice; the first one that has some for this kind of data where None.
            settings: Of the family, where they matter to it.
            index: An index of the data, where there is one; otherwise one is made and thrown away.
            cache: Where results are kept between calls and runs; the user's cache where None.
            seed: Of the split, where the data gives none.
        """
        from trasluz.core import places

        from . import advising

        return advising.advise(
            self.registry(),
            Path(data),
            family=family,
            settings=settings or {},
            index=Path(index) if index else None,
            cache=Path(cache) if cache else places.cache_folder(),
            seed=seed,
            device=device,
            progress=progress,
            cancelled=cancelled,
        )

    def varied(
        self,
        *,
        family: str,
        settings: dict[str, Any],
        index: str,
        items: list[dict[str, Any]] | None = None,
        seed: int = 0,
        count: int = 6,
    ) -> dict[str, Any]:
        """Show what a training with these settings learns from: photos of the train split, altered as it alters them.

        Args:
            family: The id of the family.
            settings: Its settings.
            index: The index of the data.
            items: Those of an event `sampled`; others are drawn by `seed` where None.
            seed: Draws the photos and how they are altered.
            count: How many.

        Returns:
            `items`: `path`, `target`, and the pictures `varied` and `plain`; empty where nothing is altered.
        """
        from .variation import varied

        found = varied(self.registry(), family, settings, Path(index), items=items, seed=seed, count=count)
        return {"items": found}

    # models

    def models(self) -> OpenModels:
        """Those that are open."""
        return self._models

    def open_model(self, model: str, device: str = "auto") -> dict[str, Any]:
        """Open a model, so that the first answer comes at once; say what it is and what it runs on."""
        from trasluz.core.inference.doubt import Answering

        with self._models.use(model, device) as open_model:
            return {
                "card": open_model.card.model_dump(mode="json"),
                "folder": str(open_model.folder),
                "provider": open_model.provider,
                "sentence": open_model.sentence,
                "milliseconds": self._models.milliseconds(open_model),
                "writes": isinstance(open_model.predictor, WritingPredictor),
                "vectors": isinstance(open_model.predictor, VectorsPredictor),
                "hears": hears(open_model),
                "unsure_below": Answering.read(open_model.folder).unsure_below,
            }

    def predict(
        self,
        *,
        model: str,
        inputs: Sequence[str],
        texts: bool = False,
        device: str = "auto",
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Answer each input, in order; one that cannot be read has an `error` and does not stop the others.

        Args:
            model: A model folder, or a run folder with one.
            inputs: Paths of files and folders, or texts.
            texts: Whether the inputs are texts.
        """
        from . import answers

        with self._models.use(model, device) as open_model:
            source = self.registry().source_for(open_model.card.kind)
            rows = list(answers.rows(open_model, source, inputs, texts=texts, progress=progress, cancelled=cancelled))
            return {"predictions": rows, "provider": open_model.provider}

    def predict_folder(
        self,
        *,
        model: str,
        inputs: Sequence[str],
        out: str | None = None,
        device: str = "auto",
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Answer many files; each piece of progress carries the new `rows`, and a table is written to `out`."""
        from . import answers

        with self._models.use(model, device) as open_model:
            return answers.table(
                open_model,
                self.registry().source_for(open_model.card.kind),
                inputs,
                out=Path(out) if out else None,
                progress=progress,
                cancelled=cancelled,
            )

    def generate(
        self,
        *,
        model: str,
        start: str = "",
        length: int = 500,
        temperature: float = 1.0,
        top_k: int = 0,
        seed: int = 0,
        device: str = "auto",
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Let a model write on from a start, or from nothing; each piece of progress carries what is new as `rows`."""
        from . import writing

        asked = {"start": start, "length": length, "temperature": temperature, "top_k": top_k, "seed": seed}
        with self._models.use(model, device) as open_model:
            return writing.write(open_model, **asked, progress=progress, cancelled=cancelled)  # type: ignore[arg-type]

    def words(
        self, *, model: str, what: str, words: Sequence[str], count: int = 10, device: str = "auto"
    ) -> dict[str, Any]:
        """Ask a model of word vectors what is near, what stands to what, how alike two words are: `host.words.ask`."""
        from .words import ask

        with self._models.use(model, device) as open_model:
            return ask(open_model, what=what, words=words, count=count)

    def views(self, model: str) -> list[dict[str, Any]]:
        """List what can be seen in a model, without opening its graphs."""
        from trasluz.core.inference.model import find_model, read_card

        card = read_card(find_model(Path(model)))
        return [
            {
                "id": explainer.id,
                "title": explainer.title,
                "sentence": explainer.sentence,
                "choices": list(explainer.choices(card)),
            }
            for explainer in self.registry().explainers(card)
        ]

    def explain(
        self,
        *,
        model: str,
        input: str,  # noqa: A002 - the wire's word
        view: str,
        choice: str | None = None,
        text: bool = False,
        device: str = "auto",
        part: str = "",
        index: str = "",
        target: str = "",
    ) -> dict[str, Any]:
        """Make a view of what the model does with one input, or with a part of a file that `index` knows.

        Where `target` says what the answer should be, a view may show that beside it.
        """
        from . import answers

        with self._models.use(model, device) as open_model:
            explainer = next((e for e in self.registry().explainers(open_model.card) if e.id == view), None)
            if explainer is None:
                raise UsageError(f"This model has no view “{view}”.")
            source = self.registry().source_for(open_model.card.kind)
            place = {"part": part, "index": index, "target": target}
            return answers.view(open_model, source, explainer, given=input, choice=choice, **place)

    def evaluate(
        self,
        *,
        model: str,
        data: str,
        split: str | None = None,
        device: str = "auto",
        index: str | None = None,
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Score a model on labelled data.

        Args:
            split: `train`, `val` or `test`; where None the data's test part, else its val part, else all of it.
            index: An index of the data, where there is one; otherwise one is made and thrown away.
        """
        from . import scoring

        with self._models.use(model, device) as open_model:
            return scoring.evaluate(
                open_model,
                self.registry(),
                Path(data),
                split=split,
                index=Path(index) if index else None,
                progress=progress,
                cancelled=cancelled,
            )

    def compared(self, *, runs: Mapping[str, str]) -> dict[str, Any]:
        """Hold finished runs of one family, name → folder, against each other: `trasluz.host.comparing.compared`."""
        from .comparing import compared

        return compared(self.registry(), {name: Path(path) for name, path in runs.items()})

    def keepable(self, model: str) -> dict[str, Any]:
        """What of a model can be kept for later runs, in a word (`what`); empty where nothing can."""
        from .keeping import keepable

        return {"what": keepable(self.registry(), Path(model))}

    def keep(self, *, model: str, name: str) -> dict[str, Any]:
        """Keep what later runs can start from of a finished model under a name; say how a setting names it then."""
        from .keeping import keep

        return keep(self.registry(), Path(model), name)

    def export(
        self,
        *,
        model: str,
        out: str,
        precision: str = "fp32",
        data: str | None = None,
        progress: Reports = silent,
        cancelled: Cancels = undisturbed,
    ) -> dict[str, Any]:
        """Write the self-contained folder: graphs, card, README.md, predict.py.

        Args:
            precision: `fp32`, or `fp16` or `int8`, whose score is measured on the data that the model learned from.
            data: Where that data is now, if it has moved.

        Returns:
            `folder`, `files`, `precision`, `headline`, `score`, and `reduced`: what the precision cost; None in fp32.
        """
        from .exporting import export_model

        return export_model(
            self.registry(),
            Path(model),
            Path(out),
            precision=precision,
            data=Path(data) if data else None,
            progress=progress,
            cancelled=cancelled,
        )
