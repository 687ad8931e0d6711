"""Recordings of speech with their text: transcripts beside them, LJSpeech, Common Voice, or a manifest."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from trasluz.api import DataError, Detection, Kind, Problem, Record, Severity, Split
from trasluz.core.data.names import located, quoted, shown
from trasluz.core.data.sounds import LONGEST, SUFFIXES, SoundError, spoken
from trasluz.core.data.walk import listing

from .manifest import answer_records, lists_files, manifest_in
from .recordings import Recordings, is_sound, one_speaker_is_none
from .transcripts import composed, decoded, has_pairs, paired_records, tidied

ENDINGS: Final = (".txt", ".lab")
LJSPEECH: Final = "metadata.csv"
CLIPS: Final = "clips"
_COMMON_VOICE: Final[dict[str, Split]] = {"train.tsv": "train", "dev.tsv": "val", "test.tsv": "test"}
_VALIDATED: Final = "validated.tsv"
_HEAD: Final = 64 * 1024
_WAVS: Final = ("wavs", "wav", "")


class Speech(Recordings):
    """Reads `NAME.wav` + `NAME.txt` or `.lab`, LJSpeech, Common Voice, and manifests `path,text[,split][,speaker]`."""

    id = "speech"
    kind = Kind.SPEECH
    title = "Speech with its text"

    def detect(self, root: Path) -> Detection | None:
        """Look for a list that names texts, then for transcripts beside the recordings."""
        if root.is_file():
            if root.name == LJSPEECH and _ljspeech_folder(root) is not None:
                return Detection("LJSpeech", 0.97, f"Recordings with their text in {quoted(root.name)}, as in LJSpeech")
            if lists_files(root, "text", is_sound):
                return Detection("manifest", 0.96, f"Recordings with their text, listed in {quoted(root.name)}")
            return None
        if _common_voice(root):
            return Detection("Common Voice", 0.97, "Recordings with their text, as in Common Voice")
        if _ljspeech_folder(root / LJSPEECH) is not None:
            return Detection("LJSpeech", 0.97, f"Recordings with their text in {quoted(LJSPEECH)}, as in LJSpeech")
        manifest = manifest_in(root, "text", is_sound)
        if manifest is not None:
            return Detection("manifest", 0.94, f"Recordings with their text, listed in {quoted(manifest.name)}")
        if has_pairs(root, is_sound, ENDINGS):
            return Detection("transcripts", 0.96, "Recordings with their text beside them")
        return None

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Walk the layout that was detected.

        Raises:
            DataError: If there is none any more.
        """
        found = self.detect(root)
        if found is None:
            raise DataError(f"{quoted(root)} has no recordings with their text; was it changed just now?")
        if found.layout == "transcripts":
            yield from paired_records(root, is_sound, ENDINGS, noun="recording")
        elif found.layout == "LJSpeech":
            yield from _ljspeech_records(root if root.is_file() else root / LJSPEECH)
        elif found.layout == "Common Voice":
            yield from one_speaker_is_none(partial(_common_voice_records, root))
        else:
            manifest = root if root.is_file() else manifest_in(root, "text", is_sound)
            assert manifest is not None
            folder = CLIPS if (manifest.parent / CLIPS).is_dir() and manifest.suffix.lower() == ".tsv" else ""
            yield from one_speaker_is_none(lambda: tidied(answer_records(manifest, "text", folder=folder)))

    def check(self, root: Path, record: Record) -> Record:
        """Listen to it as the others do; what is silent or longer than is listened to cannot hold its text.

        Raises:
            DataError: If it cannot be used.
        """
        found = super().check(root, record)
        rules = [rule for rule, _ in found.extra.get("notes", ())]
        if "silent" in rules:
            raise SoundError(
                f"{quoted(record.path)} is silent, so its text is not to be heard in it; record it again.", "silent"
            )
        if "too-long" in rules:
            raise SoundError(
                f"{quoted(record.path)} is {spoken(found.length or 0.0)} long, and its text belongs to all of it; cut "
                f"it at the pauses into pieces of at most {LONGEST:.0f} seconds.",
                "too-long",
            )
        return found


def _ljspeech_folder(metadata: Path) -> str | None:
    """The folder, beside `metadata.csv`, with the recording that its first line names; None where it names none."""
    try:
        with metadata.open("rb") as file:
            head = decoded(file.readline(_HEAD))
        if head.count("|") not in (1, 2):
            return None
        name = head.split("|")[0].strip()
        there = {*listing(metadata.parent).folders, ""}
    except OSError:
        return None
    folders = [folder for folder in _WAVS if folder in there]
    return next((folder for folder in folders if _named(metadata.parent / folder, name)), None)


def _named(folder: Path, name: str) -> str:
    """The file of a recording that is named with or without its ending; empty where there is none."""
    candidates = [name] if is_sound(name) else [name + suffix for suffix in SUFFIXES]
    try:
        return next((c for c in candidates if c and (folder / located(c)).is_file()), "")
    except (OSError, ValueError):
        return ""


def _ljspeech_records(metadata: Path) -> Iterator[Record | Problem]:
    """Rows `id|text[|normalised]` without a head; a text in its normalised spelling is preferred."""
    folder = _ljspeech_folder(metadata)
    if folder is None:
        raise DataError(f"{quoted(metadata.name)} names no recording that is there; was it changed just now?")
    listed = set[str]()
    try:
        with metadata.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                cells = [cell.strip() for cell in decoded(raw).rstrip("\r\n").split("|")]
                if not any(cells):
                    continue
                text = composed(next((cell for cell in reversed(cells[1:3]) if cell), ""))
                name = _named(metadata.parent / folder, cells[0])
                why = "has no text" if not text else "" if name else f"names {quoted(cells[0])}, which is not there"
                if why:
                    sentence = f"Row {number} of {quoted(metadata.name)} {why}; it is left out."
                    yield Problem("manifest-row", sentence, Severity.WARNING)
                    continue
                listed.add(name)
                yield Record(path=shown(f"{folder}/{name}" if folder else name), target=text)
    except OSError as error:
        raise DataError(f"{quoted(metadata.name)} cannot be read ({error.strerror or error}).") from error
    yield from _unlisted(metadata.parent, folder, listed, metadata.name)


def _unlisted(root: Path, folder: str, listed: set[str], name: str) -> Iterator[Problem]:
    others = [n for n in listing(root / folder).files if is_sound(n) and n not in listed]
    if others:
        sentence = (
            f"{len(others)} recordings are not in {quoted(name)}, the first {quoted(others[0])}; they are left out."
        )
        paths = tuple(shown(f"{folder}/{n}" if folder else n) for n in others)
        yield Problem("no-transcript", sentence, Severity.NOTE, paths)


def _common_voice(root: Path) -> dict[str, Split | None]:
    """The lists of a Common Voice folder with their splits: those of the official split, or what was validated."""
    if not (root / CLIPS).is_dir():
        return {}
    there: dict[str, Split | None] = {name: split for name, split in _COMMON_VOICE.items() if _lists_clips(root / name)}
    if "train.tsv" in there:
        return there
    return {_VALIDATED: None} if _lists_clips(root / _VALIDATED) else {}


def _lists_clips(path: Path) -> bool:
    return path.is_file() and lists_files(path, "text", is_sound)


def _common_voice_records(root: Path) -> Iterator[Record | Problem]:
    for name, split in _common_voice(root).items():
        for row in tidied(answer_records(root / name, "text", folder=CLIPS)):
            yield row if isinstance(row, Problem) else replace(row, split=split)
