"""The Lessons page: the ideas behind what the program does, each with a drawing and where to see it at work."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui.widgets import Card, Label, LinkButton, SmallButton

from .lesson_parts.diagrams import Diagram
from .lesson_parts.shapes import ShapeModels
from .lesson_parts.texts import LESSONS, Lesson
from .page import Page
from .scrolled import OVERHANG, overhanging

_MEASURE = 760


class LessonCard(Card):
    """One lesson."""

    def __init__(self, lesson: Lesson, page: "LessonsPage") -> None:
        super().__init__()
        self.lesson = lesson
        self.setMaximumWidth(_MEASURE)
        self.body.setSpacing(10)
        self.layout().setContentsMargins(28, 24, 28, 24)
        self.body.addWidget(Label(lesson.term, "accent"))
        self.body.addWidget(Label(lesson.title, "title", wrap=True))
        self.body.addSpacing(6)
        self.body.addWidget(Diagram(lesson.diagram, f"Diagram: {lesson.title}"))
        self.shapes = ShapeModels() if lesson.id == "shapes" else None
        if self.shapes is not None:
            self.body.addWidget(self.shapes)
        self.body.addSpacing(6)
        for paragraph in lesson.paragraphs:
            label = Label(paragraph, wrap=True, selectable=True)
            font = label.font()
            font.setPixelSize(14)
            label.setFont(font)
            self.body.addWidget(label)
        row = QHBoxLayout()
        words = Label(lesson.try_it, "muted", wrap=True)
        self.see = SmallButton("Go there →", lambda: page.go.emit(lesson.page))
        row.addWidget(words, 1)
        row.addSpacing(16)
        row.addWidget(self.see, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addSpacing(4)
        self.body.addLayout(row)


class LessonsPage(Page):
    """A list of contents at the left, the lessons under each other at the right."""

    title = "Lessons"
    overhang = OVERHANG

    def __init__(self) -> None:
        super().__init__()
        self.header.set_subtitle("Six short ones, in the order in which you need them.")
        inner = QWidget()
        inner.setProperty("role", "page")
        column = QVBoxLayout(inner)
        column.setSpacing(16)
        contents = QVBoxLayout()
        contents.setSpacing(2)
        self.cards: list[LessonCard] = []
        for number, lesson in enumerate(LESSONS, start=1):
            card = LessonCard(lesson, self)
            self.cards.append(card)
            column.addWidget(card)
            link = LinkButton(f"{number}   {lesson.title}", lambda c=card: self.show_card(c))
            link.setProperty("role", "plain")
            link.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            contents.addWidget(link)
        column.addStretch(1)
        contents.addStretch(1)
        self.area = overhanging(inner, column, bottom=24)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addLayout(contents)
        row.addWidget(self.area, 1)
        self.body.addLayout(row, 1)

    def show_card(self, card: LessonCard) -> None:
        """Bring a lesson to the top."""
        self.area.verticalScrollBar().setValue(card.y())

    def refresh(self) -> None:
        """A lesson can lead to a page only while a project is open."""
        can_go = self.session is not None and self.session.project is not None
        for card in self.cards:
            card.see.setVisible(can_go)
            if card.shapes is not None and self.session is not None:
                card.shapes.look(self.session)
