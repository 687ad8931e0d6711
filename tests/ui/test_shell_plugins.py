"""A stranger's plugin in the real window: looked at, trusted, used at once; a broken one harms nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from trasluz.ui.window import Window

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The example plugin, as somebody would hand it over."""
    source = next(path.parent for path in EXAMPLES.glob("*/plugin.toml"))
    folder = tmp_path / source.name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _plugins(window: Window) -> dict[str, Any]:
    return {p["id"]: p for p in window.session.catalogue.get("plugins", [])}


def _ready(window: Window, qtbot: QtBot) -> Any:
    qtbot.waitUntil(lambda: bool(window.session.catalogue), timeout=60_000)
    window.go("plugins")
    return window.page("plugins")


def _wait_for(window: Window, qtbot: QtBot, there: Callable[[dict[str, Any]], bool]) -> None:
    qtbot.waitUntil(lambda: there(_plugins(window)), timeout=60_000)


@pytest.mark.parametrize("as_archive", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["folder", "zip"])
def test_a_dropped_plugin_is_asked_about_and_then_works_without_a_restart(
    window: Window, stranger: Path, qtbot: QtBot, as_archive: bool
) -> None:
    page = _ready(window, qtbot)
    before = {f["id"] for f in window.session.catalogue["families"]}
    dropped = Path(shutil.make_archive(str(stranger), "zip", stranger)) if as_archive else stranger
    window.go("start")
    window.open_paths([dropped])
    assert window.current == "plugins"
    qtbot.waitUntil(page.offer.isVisible, timeout=20_000)
    # nothing of it is installed or has run before the person said yes
    assert len(_plugins(window)) == len(page.cards)
    identity = page._examined.manifest.id
    assert identity not in _plugins(window)
    page.offer.accept.click()
    _wait_for(window, qtbot, lambda found: found.get(identity, {}).get("state") == "ready")
    assert {f["id"] for f in window.session.catalogue["families"]} > before
    assert identity in page.cards
    page.change("disable", identity)
    _wait_for(window, qtbot, lambda found: found[identity]["state"] == "disabled")
    page.change("enable", identity)
    _wait_for(window, qtbot, lambda found: found[identity]["state"] == "ready")
    page.change("remove", identity)
    _wait_for(window, qtbot, lambda found: identity not in found)
    assert {f["id"] for f in window.session.catalogue["families"]} == before


def test_a_plugin_that_is_refused_leaves_nothing(
    window: Window, stranger: Path, qtbot: QtBot, trasluz_home: Path
) -> None:
    page = _ready(window, qtbot)
    window.open_paths([stranger])
    qtbot.waitUntil(page.offer.isVisible, timeout=20_000)
    page.offer.refuse.click()
    assert not page.offer.isVisible()
    installed = trasluz_home / "plugins"
    assert not installed.exists() or not [p for p in installed.iterdir() if not p.name.startswith(".")]


def test_a_broken_plugin_is_listed_with_its_traceback_and_the_others_work(
    window: Window, stranger: Path, qtbot: QtBot
) -> None:
    page = _ready(window, qtbot)
    working = {i for i, p in _plugins(window).items() if p["state"] == "ready"}
    package = next(p for p in stranger.iterdir() if (p / "__init__.py").is_file())
    (package / "__init__.py").write_text("raise RuntimeError('the author was tired')\n")
    window.open_paths([stranger])
    qtbot.waitUntil(page.offer.isVisible, timeout=20_000)
    identity = page._examined.manifest.id
    page.offer.accept.click()
    _wait_for(window, qtbot, lambda found: found.get(identity, {}).get("state") == "broken")
    card = page.cards[identity]
    assert card.details.isHidden()
    card.unfold()
    assert "the author was tired" in card.details.toPlainText()
    assert {i for i, p in _plugins(window).items() if p["state"] == "ready"} == working


def test_what_is_no_plugin_is_answered_with_a_sentence(window: Window, tmp_path: Path, qtbot: QtBot) -> None:
    page = _ready(window, qtbot)
    (tmp_path / "letter.txt").write_text("hello")
    archive = tmp_path / "letters.zip"
    import zipfile

    with zipfile.ZipFile(archive, "w") as made:
        made.write(tmp_path / "letter.txt", "letter.txt")
    window.open_paths([archive])
    qtbot.waitUntil(page.trouble.isVisible, timeout=20_000)
    assert "letters.zip" in page.trouble.text()
    assert not page.offer.isVisible()


def test_the_keyboard_stays_on_the_page_and_the_cards_line_up(window: Window, stranger: Path, qtbot: QtBot) -> None:
    page = _ready(window, qtbot)
    window.open_paths([stranger])
    qtbot.waitUntil(page.offer.isVisible, timeout=20_000)
    qtbot.waitUntil(lambda: page.offer.width() == next(iter(page.cards.values())).width(), timeout=5_000)
    right = page.offer.mapTo(page, page.offer.rect().topRight()).x()
    assert right == page.header.mapTo(page, page.header.rect().topRight()).x()
    identity = page._examined.manifest.id
    page.offer.accept.setFocus()
    page.offer.accept.click()
    held = window.focusWidget()
    assert held is page or page.isAncestorOf(held)
    _wait_for(window, qtbot, lambda found: found.get(identity, {}).get("state") == "ready")
    held = window.focusWidget()
    assert page.cards[identity].isAncestorOf(held)
    page.cards[identity].buttons["disable"].click()
    _wait_for(window, qtbot, lambda found: found[identity]["state"] == "disabled")
    assert page.cards[identity].isAncestorOf(window.focusWidget())
