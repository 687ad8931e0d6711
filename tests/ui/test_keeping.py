"""What a run made is kept by name from the Export page, by the real host, and offered on the Model page."""

from pathlib import Path

from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from trasluz.api import DataFacts, GraphFile, ModelCard
from trasluz.core.inference.model import write_card
from trasluz.core.places import library_folder
from trasluz.ui.pages.keeping import KeepRow
from trasluz.ui.window import Window


def model(folder: Path, *, learned: bool) -> Path:
    """A finished model of the finetuned CNN, as far as keeping looks at it."""
    folder.mkdir()
    private = {"backbone-facts": "backbone.json", "backbone": "backbone.safetensors"} if learned else {}
    for name in private.values():
        (folder / name).write_text('{"format": 1, "title": "EfficientNet-Lite0", "kind": "efficientnet-lite0"}')
    (folder / "model.onnx").touch()
    graphs = (GraphFile(name="model", file="model.onnx"),)
    data = DataFacts(name="herbs", fingerprint="f", kind="image-classes", train=120, val=30)
    card = ModelCard(
        id="r", title="t", family="finetuned-cnn", kind="image-classes", graphs=graphs, headline="accuracy", data=data,
        labels=("mint", "sage"), private=private,
    )  # fmt: skip
    write_card(folder, card)
    return folder


def test_a_backbone_is_kept_by_name_and_offered(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    session = window.session
    row = KeepRow()
    qtbot.addWidget(row)
    said: list[str] = []
    row.failed.connect(said.append)
    row.show_model(session, model(tmp_path / "bare", learned=False))
    qtbot.waitUntil(lambda: session.quiet, timeout=60_000)
    assert not row.isVisibleTo(row.parentWidget())
    row.show_model(session, model(tmp_path / "tuned", learned=True))
    qtbot.waitUntil(lambda: not row.isHidden(), timeout=60_000)
    assert row.button.text() == "Keep the backbone…"
    row.button.click()
    (dialog,) = row.findChildren(QInputDialog)
    dialog.setTextValue("  Herbs ")
    with qtbot.waitSignal(session.catalogue_changed, timeout=60_000):
        dialog.accept()
    family = session.family("finetuned-cnn")
    assert family is not None
    assert [each["value"] for each in family["suggestions"]["backbone"]] == ["Herbs"]
    assert "120 photos of 2 classes" in family["suggestions"]["backbone"][0]["sentence"]
    assert "kept as “Herbs”" in row.words.text()
    with qtbot.waitSignal(row.failed, timeout=60_000):
        row.keep_as("Herbs")
    assert "already" in said[-1]
    assert (library_folder() / "backbones" / "Herbs" / "backbone.json").is_file()
