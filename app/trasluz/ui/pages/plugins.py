"""The Plugins page: what is installed, whether it works, and a place to drop another."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QVBoxLayout, QWidget

from trasluz.ui.files import choose_file, choose_folder
from trasluz.ui.steps import plural
from trasluz.ui.widgets import Label, PrimaryButton, clear_layout

from .page import Page
from .plugin_parts.card import PluginCard
from .plugin_parts.offer import OfferCard
from .scrolled import OVERHANG, overhanging

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Trouble
    from trasluz.ui.session import Session


class PluginsPage(Page):
    """List, offer, and the few things that can be done with a plugin.

    Files are looked at and copied on a work thread; plugin code is loaded by the host alone, which is started anew
    after each change. The window needs no restart.
    """

    title = "Plugins"
    widest = 1160
    overhang = OVERHANG

    def __init__(self) -> None:
        super().__init__()
        self.add = PrimaryButton("Add a plugin →", self._choose)
        self.header.set_actions(self.add)
        self.header.set_subtitle(
            "What Trasluz can learn comes from plugins. Drop a folder or a .zip anywhere to add one."
        )
        self.offer = OfferCard()
        self.offer.accepted.connect(self._install)
        self.offer.refused.connect(self._refuse)
        self.offer.hide()
        self.trouble = Label("", "bad", wrap=True, selectable=True)
        self.trouble.hide()
        inner = QWidget()
        inner.setProperty("role", "page")
        column = QVBoxLayout(inner)
        column.setSpacing(12)
        column.addWidget(self.offer)
        column.addWidget(self.trouble)
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        column.addLayout(self._list, 1)
        self._area = overhanging(inner, column)
        self.body.addWidget(self._area, 1)
        self.cards: dict[str, PluginCard] = {}
        self._examined: Any = None
        self._next = ""
        """The plugin whose card takes the keyboard when the list has come anew."""

    def connect_session(self, session: "Session") -> None:
        """Follow the catalogue."""
        session.catalogue_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        session = self.session
        if session is None:
            return
        held = QApplication.focusWidget()
        for identity, card in self.cards.items():
            if held is not None and card.isAncestorOf(held):
                self._next = self._next or identity
                self.setFocus()  # what has the keyboard goes; without this it would jump to the top bar
        clear_layout(self._list)
        self.cards.clear()
        titles = {f["id"]: f["title"] for f in session.catalogue.get("families", [])}
        plugins = session.catalogue.get("plugins", [])
        rank = {"broken": 0, "untrusted": 1}
        for info in sorted(plugins, key=lambda p: (rank.get(p["state"], 2), p["origin"] == "builtin")):
            families = [titles.get(f, f) for f in info.get("families", [])]
            card = PluginCard(info, families)
            card.asked.connect(self._asked)
            self.cards[str(info["id"])] = card
            self._list.addWidget(card)
        if not plugins:
            self._list.addWidget(Label("Asking what is installed…", "muted"))
        self._list.addStretch(1)
        if self._next in self.cards and self._holds_focus():
            next(iter(self.cards[self._next].buttons.values())).setFocus()
            self._next = ""

    def _holds_focus(self) -> bool:
        """Whether the keyboard is on this page, or nowhere: then it may be moved."""
        held = QApplication.focusWidget()
        return held is None or held is self or self.isAncestorOf(held)

    # adding one

    def accepts_drop(self, paths: list[Path]) -> bool:
        """A folder or an archive may be a plugin."""
        return len(paths) == 1 and (paths[0].is_dir() or paths[0].suffix.lower() == ".zip")

    def drop(self, paths: list[Path]) -> None:
        """Look into it without running anything of it, and ask."""
        path = paths[0]

        def looking() -> Any:
            from trasluz.core.plugins.install import examine

            return examine(path)

        self._do(looking, self._offer)

    def _choose(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("From a .zip file…", self._choose_archive)
        menu.addAction("From a folder…", self._choose_folder)
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    def _choose_archive(self) -> None:
        if name := choose_file(self, "Choose a plugin", "Plugins (*.zip)"):
            self.drop([Path(name)])

    def _choose_folder(self) -> None:
        if name := choose_folder(self, "Choose the folder of a plugin"):
            self.drop([Path(name)])

    def _offer(self, examined: Any) -> None:
        self._let_go()
        self._examined = examined
        self.offer.show_examined(examined)
        self.offer.show()
        self._area.verticalScrollBar().setValue(0)
        self.offer.refuse.setFocus()

    def _refuse(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        self._hide_offer()
        examined, self._examined = self._examined, None
        if examined is not None and self.session is not None:
            self.session.work.run(self, examined.close)

    def _install(self) -> None:
        examined, self._examined = self._examined, None
        if examined is None:
            return

        def installing() -> Any:
            from trasluz.core.plugins.install import install

            with examined:
                return install(examined, trust=True)

        self._hide_offer()

        def installed(info: Any) -> None:
            self._next = str(info.id)
            self._changed(f"“{info.title}” is installed.")

        self._do(installing, installed)

    def _hide_offer(self) -> None:
        """Take the offer away; the keyboard stays on this page."""
        held = QApplication.focusWidget()
        if held is not None and self.offer.isAncestorOf(held):
            self.setFocus()
        self.offer.hide()

    # the others

    def _asked(self, what: str, identity: str) -> None:
        info = self.cards[identity].info
        if what == "show":
            from trasluz.ui.frame.top import show_folder

            show_folder(info["folder"])
        elif what == "trust":
            if self._sure(
                f"Trust “{info['title']}”?",
                "A plugin is a program: it can read your files and use your network. Trust it only if you trust "
                "whoever gave it to you.",
                "Trust",
            ):
                self.change("trust", identity)
        elif what == "remove":
            if self._sure(
                f"Remove “{info['title']}”?",
                "Its files in Trasluz’ folder are deleted. Models that were trained with it stay, but need it to run.",
                "Remove",
            ):
                self.change("remove", identity)
        else:
            self.change(what, identity)

    def _sure(self, title: str, sentence: str, yes: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, title, parent=self)
        box.setInformativeText(sentence)
        button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is button

    def change(self, what: str, identity: str) -> None:
        """Do what was decided: enable, trust, disable or remove."""

        def changing() -> Any:
            from trasluz.core.plugins import install

            if what == "trust":
                return install.enable(identity, trust=True)
            return {"enable": install.enable, "disable": install.disable, "remove": install.remove}[what](identity)

        said = {"enable": "switched on", "trust": "trusted and switched on", "disable": "switched off"}
        title = self.cards[identity].info.get("title", identity) if identity in self.cards else identity
        self._do(changing, lambda _info: self._changed(f"“{title}” is {said.get(what, 'removed')}."))

    def _do(self, operation: Callable[[], Any], success: Callable[[Any], Any]) -> None:
        self.trouble.hide()
        if self.session is not None:
            self.session.work.run(self, operation, success=success, failure=self._failed)

    def _failed(self, trouble: "Trouble") -> None:
        self.trouble.setText(trouble.sentence)
        self.trouble.show()

    def _changed(self, sentence: str) -> None:
        session = self.session
        if session is None:
            return
        session.say(sentence, "good")
        session.set_busy("plugins", "Loading the plugins")

        def loaded() -> None:
            session.set_busy("plugins", "")

        session.catalogue_changed.connect(loaded, Qt.ConnectionType.SingleShotConnection)
        session.host.restart(then=session.refresh_catalogue)

    @property
    def summary(self) -> str:
        """How many there are, in words."""
        return plural(len(self.cards), "plugin")
