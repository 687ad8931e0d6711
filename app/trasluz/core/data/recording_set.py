"""A set of recordings made by reading prompts aloud: sentences to be written down, or words to be told apart.

The folder holds a WAV file for each recording and `recordings.csv` with the columns `path`, `text` or `label`, and
`speaker`, which the readers of speech and of sounds take as it is. Each recording is on the disk before the next prompt
is shown, so a set can be left at any moment and gone on with, also by another speaker.
"""

import csv
import io
import re
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from trasluz.api import DataError
from trasluz.core.atomic import write_whole

from .names import quoted

LIST: Final = "recordings.csv"
SHORTEST: Final = 0.15
"""Seconds of a recording that holds a word."""
SOFTEST, FULL = 0.02, 0.999
"""Greatest value of a recording that holds speech, and of one that may be clipped."""
CLIPPED: Final = 0.002
"""Share of values at the limit from which on it is."""
_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is to be read.

    Attributes:
        text: The sentence, or the class.
        take: Which time it is read, from 1.
    """

    text: str
    take: int = 1


def prompts_of(text: str) -> list[str]:
    """The prompts of a text: one a line, each once; empty lines and those that begin with # are none."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def trouble_of(samples: np.ndarray, rate: int) -> str:
    """What is wrong with a recording, (S,) from -1 to 1, in a sentence; empty where nothing is."""
    loudest = float(np.abs(samples).max(initial=0.0))
    if len(samples) < SHORTEST * rate:
        return "That was too short to hold anything; record it again."
    if loudest < SOFTEST:
        return "Hardly anything is to be heard; is the microphone the right one, and switched on?"
    if float((np.abs(samples) >= FULL).mean()) > CLIPPED:
        return "It was too loud and sounds distorted; go a little away from the microphone and record it again."
    return ""


class RecordingSet:
    """The prompts in the order in which one speaker reads them, and what is recorded of them.

    Args:
        folder: Where the set is, or will be.
        texts: The prompts.
        speaker: Who reads.
        classes: Whether the prompts are classes, read several times in an order that changes; otherwise sentences.
        takes: How often a class is read.

    Raises:
        DataError: If there is nothing to read, or the folder has a set of the other sort or cannot be used.
    """

    def __init__(self, folder: Path, texts: Sequence[str], *, speaker: str, classes: bool, takes: int = 10) -> None:
        self.folder, self.classes = folder, classes
        self.speaker = " ".join(speaker.split()) or "speaker"
        if not texts or (classes and len(texts) < 2):
            raise DataError("There are too few prompts: two classes, or one sentence, at the least.")
        rounds = [Prompt(text, take) for take in range(1, (takes if classes else 1) + 1) for text in texts]
        if classes:  # so that nobody falls into counting, and a class does not stand always beside the same other one
            draw, size = Random(f"{self.speaker} {len(texts)}"), len(texts)
            parts = [rounds[at : at + size] for at in range(0, len(rounds), size)]
            rounds = [prompt for part in parts for prompt in draw.sample(part, size)]
        self.prompts: Sequence[Prompt] = rounds
        self._classes = dict(zip(texts, _apart([_plain(text) for text in texts]), strict=True))
        self._rows = self._read()

    @property
    def answer(self) -> str:
        """The column of what is read."""
        return "label" if self.classes else "text"

    def path_of(self, number: int) -> Path:
        """Where the recording of a prompt lies."""
        return self.folder / self._name(number)

    def is_recorded(self, number: int) -> bool:
        """Whether there is a recording of that prompt."""
        return self._name(number) in self._rows and self.path_of(number).is_file()

    @property
    def recorded(self) -> int:
        """How many prompts are recorded."""
        return sum(self.is_recorded(number) for number in range(len(self.prompts)))

    def following(self, after: int = -1) -> int:
        """The next prompt that is not recorded, after that one and then from the start; past the end if all are."""
        count = len(self.prompts)
        order = [*range(after + 1, count), *range(after + 1)]
        return next((number for number in order if not self.is_recorded(number)), count)

    def keep(self, number: int, samples: bytes, rate: int) -> Path:
        """Write the recording of a prompt, in place of an earlier one: 16-bit samples of one channel.

        Raises:
            DataError: If it cannot be written.
        """
        path = self.path_of(number)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held = io.BytesIO()
            with wave.open(held, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(rate)
                file.writeframes(samples)
            write_whole(path, held.getvalue())
            self._rows[self._name(number)] = (self.prompts[number].text, self.speaker)
            self._write()
        except OSError as error:
            raise DataError(
                f"The recording could not be written into {quoted(self.folder)} ({error.strerror or error}); make room "
                "there, or choose another folder."
            ) from error
        return path

    def _name(self, number: int) -> str:
        prompt = self.prompts[number]
        who = _plain(self.speaker)
        if self.classes:
            return f"{self._classes[prompt.text]}/{who}-{prompt.take:03d}.wav"
        return f"{who}/{number + 1:04d}-{_plain(prompt.text)}.wav"

    def _read(self) -> dict[str, tuple[str, str]]:
        """What the list has, of all speakers: path → what is read, and by whom."""
        place = self.folder / LIST
        if not place.exists():
            return {}
        try:
            with place.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                if reader.fieldnames != ["path", self.answer, "speaker"]:
                    raise DataError(
                        f"{quoted(place)} is a list of something else ({', '.join(reader.fieldnames or ['nothing'])}); "
                        "choose another folder."
                    )
                return {row["path"]: (row[self.answer] or "", row["speaker"] or "") for row in reader if row["path"]}
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{quoted(place)} cannot be read ({error}); choose another folder.") from error

    def _write(self) -> None:
        held = io.StringIO(newline="")
        writer = csv.writer(held, lineterminator="\n")
        writer.writerow(["path", self.answer, "speaker"])
        writer.writerows([path, said, who] for path, (said, who) in self._rows.items())
        write_whole(self.folder / LIST, held.getvalue())


def _apart(names: Sequence[str]) -> list[str]:
    """The names, those that a file system may take for an earlier one with a number."""
    found: list[str] = []
    for name in names:
        taken, number, tried = {each.casefold() for each in found}, 1, name
        while tried.casefold() in taken:
            number += 1
            tried = f"{name}-{number}"
        found.append(tried)
    return found


def _plain(text: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:_NAME].strip("-") or "x"
