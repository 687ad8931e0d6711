"""Taking the model away: what there is, where it goes, how to run it without Trasluz."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.files import choose_folder
from trasluz.ui.kinds import BY_FORMULA, MEASURED, words_for
from trasluz.ui.widgets import Card, EmptyState, Label, PrimaryButton, Rule, SecondaryButton, SmallButton, clear_layout

from .keeping import KeepRow
from .numbers import NumbersCard, costs
from .page import Page
from .scrolled import scrolled
from .standing import missing
from .words import metric_words

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session


_PROPER = {"pillow": "Pillow"}


class ExportPage(Page):
    """Writes the self-contained folder and shows what is in it."""

    title = "Take it with you"
    widest = 1320

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: Path | None = None
        self._card: dict[str, Any] = {}
        self._goes = "model"
        self.written: Path | None = None
        self.empty = EmptyState(
            "", "", action="Choose a model →", clicked=lambda: self.go.emit(self._goes), drawing="box"
        )
        self.export_button = PrimaryButton("Choose a folder →", self.choose)
        self.open_button = PrimaryButton("Open the folder →", self._open)
        self.again_button = SecondaryButton("Export again…", self.choose)
        self.keeping = KeepRow()
        self.keeping.failed.connect(self._say_trouble)
        self.stop_button = SecondaryButton("Stop", self.stop)
        self._call: Call | None = None
        self._cost: dict[str, Any] = {}
        self.numbers = NumbersCard()
        self._contents = self._build_contents()
        self.trouble = Label("", "bad", wrap=True, selectable=True)
        self.trouble.setVisible(False)
        self.snippet = _Code()
        self.snippet.setReadOnly(True)
        self.snippet.setFont(theme.font("mono"))
        self.snippet.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.snippet.setAccessibleName("How to run the model without Trasluz")
        self.snippet.setTabChangesFocus(True)
        how = Card("How to use it", "on any computer, without Trasluz")
        how.head.addWidget(SmallButton("Copy", self._copy))
        how.body.addWidget(self.snippet, 1)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.trouble)
        layout.addWidget(self.numbers)
        layout.addSpacing(10)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self._contents, 1)
        row.addWidget(how, 1)
        layout.addLayout(row, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(page)
        self.body.addWidget(self.stack, 1)

    def _build_contents(self) -> Card:
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(14)
        self._facts = Label("", "muted", wrap=True)
        card = Card("What you get", "one folder that explains itself")
        card.body.addWidget(scrolled(inner), 1)  # a model of two graphs and two tokenizers has more than fits
        card.body.addSpacing(6)
        for widget in (Rule(), self._facts, self.keeping):
            card.body.addWidget(widget)
        return card

    def connect_session(self, session: "Session") -> None:
        """Follow the chosen run."""
        for signal in (session.run_changed, session.run_state_changed, session.project_changed):
            signal.connect(self._maybe)

    def _maybe(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """The page has come to the front."""
        session = self.session
        standing = missing(session, what="export")
        if standing is not None or session is None:
            if standing is not None:
                self._goes = standing.goes
                self.empty.set_words(standing.title, standing.sentence)
                if self.empty.button is not None:
                    self.empty.button.setText(standing.action)
                    self.empty.button.setAccessibleName(standing.action)
            self.header.set_subtitle("")
            self.header.set_actions()
            self.stack.setCurrentIndex(0)
            return
        if session.model != self._model:
            self.stop()
            self._model, self._card, self.written, self._cost = session.model, {}, None, {}
            self.trouble.setVisible(False)
            folder = self._model
            session.work.run(self, lambda: _read_card(folder), success=self._card_came, failure=self._failed)
            self.keeping.show_model(session, folder)
        self.stack.setCurrentIndex(1)
        self._draw()

    def _card_came(self, card: dict[str, Any]) -> None:
        self._card = card
        family = self.session.family(str(card.get("family") or "")) if self.session is not None else None
        self.numbers.offer((family or {}).get("precisions") or tuple(self.numbers.buttons))
        self._draw()

    # exporting

    def choose(self) -> None:
        """Let the person choose where the folder goes."""
        if name := choose_folder(self, "Where should the model's folder go?"):
            self.export_to(Path(name) / self.suggested())

    def suggested(self) -> str:
        """A name for the folder."""
        project = self.session.project if self.session is not None else None
        run = self.session.run.folder.request.name if self.session is not None and self.session.run else ""
        words = f"{project.name if project is not None else 'model'} {run}".lower()
        return re.sub(r"[^\w]+", "-", words).strip("-") or "model"

    def export_to(self, folder: Path) -> None:
        """Write the folder, in the host."""
        session = self.session
        if session is None or self._model is None:
            return
        free, number = folder, 2
        while free.exists():
            free, number = folder.with_name(f"{folder.name}-{number}"), number + 1
        self.trouble.setVisible(False)
        self.numbers.set_enabled(False)
        session.set_busy("export", "Exporting")
        self.header.set_subtitle("Exporting…")
        self.header.set_actions(self.stop_button)
        self._call = session.host.call(
            self,
            "export",
            {"model": str(self._model), "out": str(free), "precision": self.numbers.chosen},
            success=self._exported,
            failure=self._failed,
            progress=self._going,
        )

    def _going(self, step: dict[str, Any]) -> None:
        count = f": {step['done']:,.0f} of {step['total']:,.0f}" if (step.get("total") or 0) > 1 else "…"
        self.header.set_subtitle(f"{step.get('stage', '')}{count}")

    def stop(self) -> None:
        """Give up the export that is under way; nothing of it is kept."""
        if self._call is None:
            return
        self._call.cancel()
        self._free()
        self._draw()

    def _exported(self, found: dict[str, Any]) -> None:
        self.written, self._cost = Path(found["folder"]), dict(found.get("reduced") or {})
        self._cost["precision"] = found.get("precision", "")
        self._free()
        if self.session is not None:
            self.session.set_step("export", self.written.name, done=True)
            self.session.say(f"The model is in {self.written}.", "good")
        self._draw(list(found.get("files") or ()))

    def _failed(self, trouble: "Trouble") -> None:
        self._free()
        self._draw()
        self._say_trouble(trouble.sentence)

    def _say_trouble(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))

    def _free(self) -> None:
        self._call = None
        if self.session is not None:
            self.session.set_busy("export", "")
        self.numbers.set_enabled(True)

    def _open(self) -> None:
        if self.written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written)))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.snippet.toPlainText())
        if self.session is not None:
            self.session.say("Copied.", "good")

    # drawing

    def _draw(self, files: list[str] | None = None) -> None:
        card = self._card
        if self._call is not None:
            return  # the head says how far it is
        if self.written is not None:
            self.header.set_subtitle(f"Written to {self.written}")
            self.header.set_actions(self.again_button, self.open_button)
            self._contents.set_title("What was written", self.written.name)
        else:
            self.header.set_subtitle(str(card.get("title") or ""))
            self.header.set_actions(self.export_button)
            self._contents.set_title("What you get", "one folder that explains itself")
        if files is not None or self.written is None:
            self._fill(contents(card) if files is None else [(f, _meaning(f, card)) for f in sorted(files, key=_place)])
        headline, metrics = card.get("headline", ""), card.get("metrics") or {}
        words = metric_words(str(headline))
        facts = []
        if "score" in self._cost:
            facts.extend(costs(self._cost, str(headline)))
        elif headline in metrics:
            facts.append(f"{words.title}: {words.write(float(metrics[headline]))}")
        if card.get("licence"):
            facts.append(f"Licence of the pretrained weights: {card['licence']}")
        facts.append(_stays(card))
        self._facts.setText("\n".join(facts))
        self.snippet.setPlainText(snippet(card, self.written.name if self.written else self.suggested()))
        self.snippet.updateGeometry()

    def _fill(self, rows: list[tuple[str, str]]) -> None:
        clear_layout(self._list)
        for name, sentence in rows:
            block = QVBoxLayout()
            block.setSpacing(2)
            mark = "✓  " if self.written is not None else ""
            title = Label(f"{mark}{name}", "strong", selectable=True)
            block.addWidget(title)
            words = Label(sentence, "muted", wrap=True)
            words.setAlignment(Qt.AlignmentFlag.AlignTop)
            block.addWidget(words)
            self._list.addLayout(block)
        self._list.addStretch(1)


class _Code(QPlainTextEdit):
    """Lines of code, as tall as they are many where there is room."""

    def sizeHint(self) -> QSize:
        """Qt's: all the lines."""
        return QSize(super().sizeHint().width(), (self.blockCount() + 3) * self.fontMetrics().lineSpacing() + 16)


def contents(card: dict[str, Any]) -> list[tuple[str, str]]:
    """What an export of this model holds: file and sentence."""
    graphs = [str(graph["file"]) for graph in card.get("graphs") or ()]
    names = [*graphs, *dict(card.get("files") or {}).values(), "card.json", "README.md", "predict.py"]
    return [(name, _meaning(name, card)) for name in names]


def _place(name: str) -> tuple[int, str]:
    order = ("card.json", "README.md", "predict.py")
    return (0 if name.endswith(".onnx") else 1 + order.index(name) if name in order else 9, name)


def _meaning(name: str, card: dict[str, Any]) -> str:
    classes, kind = len(card.get("labels") or ()), words_for(str(card.get("kind") or ""))
    needs = ["onnxruntime", "numpy", *(_PROPER.get(name, name) for name in kind.reads)]
    known = {
        "card.json": "The model's passport: what it answers, preprocessing, score, seed, versions, licence.",
        "README.md": "The same for people: what it can do, what it learned from, how good it is, how to run it.",
        "predict.py": f"A short script that runs it with nothing but {', '.join(needs[:-1])} and {needs[-1]}.",
    }
    if said := (card.get("meanings") or {}).get(name):
        return str(said)
    if name == "labels.txt":
        return "The classes, one on each line, in the order of the probabilities."
    if name in known:
        return known[name]
    if name.endswith(".onnx"):
        into = f"probabilities of {classes} classes" if classes else "the answer"
        return f"The network with its preprocessing inside, in the open ONNX format: {_a(kind.input)} in, {into} out."
    if name.endswith(".safetensors"):
        return "The learned weights alone, as PyTorch reads them."
    return "Belongs to the model."


def _stays(card: dict[str, Any]) -> str:
    """What of the person's own goes into the folder, and what does not."""
    kind = words_for(str(card.get("kind") or ""))
    if card.get("labels"):
        return f"No {kind.noun} of yours goes into the folder; the class names do."
    what = "the words and pieces of words that it was cut into do" if kind.look == "pairs" else "its alphabet does"
    if kind.look == "curves":
        what = "the names of the columns do" if card.get("kind") in MEASURED else "the labels do"
    if card.get("kind") in BY_FORMULA:
        return "The items are made by formula; nothing of yours goes into the folder."
    return f"No {kind.noun} of yours goes into the folder; {what}."


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def snippet(card: dict[str, Any], folder: str) -> str:
    """Say how the exported folder is run: on the command line, and from one's own program."""
    kind = words_for(str(card.get("kind") or ""))
    packages = " ".join(("onnxruntime", "numpy", *kind.reads))
    shell = f"# in a terminal\npip install {packages}\npython {folder}/predict.py {kind.example}\n"
    graphs = card.get("graphs") or ()
    inputs = graphs[0].get("inputs") or () if graphs else ()
    outputs = graphs[0].get("outputs") or () if graphs else ()
    one_photo = kind.look == "photos" and len(graphs) == 1 and len(inputs) == 1 and inputs[0].get("dtype") == "uint8"
    if not (one_photo and outputs and card.get("labels")):
        return shell
    axes = len(inputs[0].get("shape") or ())
    batch = "[None]" if axes == 4 else ""
    first = "[0]" if axes == 4 else ""
    return (
        f"{shell}\n# from your own Python\nimport json\n\n"
        "import numpy as np\nimport onnxruntime\nfrom PIL import Image\n\n"
        f'here = "{folder}/"\n'
        'card = json.load(open(here + "card.json"))\n'
        f'model = onnxruntime.InferenceSession(here + "{graphs[0]["file"]}")\n'
        'photo = np.asarray(Image.open("photo.jpg").convert("RGB"))\n'
        f'fed = {{"{inputs[0]["name"]}": photo{batch}}}\n'
        f'scores = model.run(["{outputs[0]["name"]}"], fed)[0]{first}\n'
        "best = int(scores.argmax())\n"
        'print(card["labels"][best], float(scores[best]))\n'
    )


def _read_card(folder: Path | None) -> dict[str, Any]:
    from trasluz.api import ModelCard
    from trasluz.api.model import CARD_NAME

    if folder is None:
        return {}
    return ModelCard.model_validate_json((folder / CARD_NAME).read_bytes()).model_dump(mode="json")
