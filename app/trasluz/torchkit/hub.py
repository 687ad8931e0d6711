"""Checkpoints from a model hub: downloaded once, with progress, checked against the hub's own hashes.

Nothing but the model's name goes out, and only when a file is missing: what was loaded once is used without asking
the network again. A download that is stopped or cut off goes on where it was.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import Event, FamilyError, Note, Progress, TrainContext, TrainingStopped

from .checkpoint_folder import CONFIG, INDEX, PICKLES, PREPROCESSOR, WEIGHTS, check_config

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

PREFIX = "hub:"
"""How a setting names a model of the hub: `hub:owner/name`, or `hub:owner/name@revision`."""
COMPLETE = "downloaded.json"
"""Written last: what was downloaded, with its hashes."""
SMALL = (CONFIG, PREPROCESSOR)
CHUNK = 1 << 18
ATTEMPTS = 5
"""How often a connection is made anew without a single byte more."""
PATIENCE = 20.0
"""Seconds without an answer after which a connection counts as broken."""
TELL_EVERY_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Source:
    """A model of the hub.

    Attributes:
        owner_and_name: As the hub writes it: `microsoft/resnet-18`.
        revision: A branch, tag or commit; the newest where None.
    """

    owner_and_name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Read `hub:owner/name@revision`.

        Raises:
            FamilyError: If it is not the name of a model.
        """
        name, _, revision = text.strip().removeprefix(PREFIX).strip().partition("@")
        parts = name.split("/")
        words = [*parts, revision or "main"]
        fits = all(word.replace("-", "").replace("_", "").replace(".", "").isalnum() for word in words)
        if len(parts) > 2 or not fits or ".." in text:
            raise FamilyError(f"“{text}” is not the name of a model of the hub: it looks like {PREFIX}owner/name.")
        return cls(name, revision or None)

    @property
    def folder_name(self) -> str:
        """Under which its files are kept."""
        name = self.owner_and_name.replace("/", "--")
        return f"{name}@{self.revision}" if self.revision else name


def fetch(
    source: Source,
    *,
    folder: Path,
    emit: Callable[[Event], None],
    stopping: Callable[[], bool],
    check: Callable[[Mapping[str, Any]], object] = lambda _config: None,
    also: Sequence[str] = (),
) -> Path:
    """Return the folder of a model's checkpoint, downloading what is missing of it.

    Args:
        source: Which model.
        folder: Where all downloads are kept.
        emit: Told of the progress.
        stopping: Whether the person asked to stop; looked at after each piece.
        check: Looks at the configuration before the weights are loaded; raises `FamilyError` to refuse them.
        also: Other files that are loaded where the model has them, such as those of its tokenizer.

    Raises:
        FamilyError: If there is no network, no such model, or nothing in it that can be used.
        TrainingStopped: If the person asked to stop; what was loaded is kept.
    """
    place = folder / source.folder_name
    if _complete(place):
        return place
    place.mkdir(parents=True, exist_ok=True)
    with _held(place, source, emit, stopping):
        if not _complete(place):  # another run may have done it meanwhile
            _Download(source, place, emit, stopping).run(check, also)
    return place


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model of the hub that lies on this computer.

    Attributes:
        place: Its folder.
        title: Its name without its owner's.
        licence: As the hub states it, and whose it is.
    """

    place: Path
    title: str
    licence: str


def fetch_for(
    context: TrainContext, value: str, *, check: Callable[[Mapping[str, Any]], object], also: Sequence[str] = ()
) -> Fetched:
    """The model that a setting names as `hub:owner/name`, downloaded into the person's library if it is not there.

    Args:
        context: The run: told of the progress, asked whether to stop.
        value: The setting.
        check: As of `fetch`.
        also: As of `fetch`.

    Raises:
        FamilyError: If it cannot be had or is not of the right kind.
        TrainingStopped: If the person stopped the download.
    """
    source = Source.parse(value)
    place = fetch(
        source,
        folder=context.library_folder / "hub",
        emit=context.emit,
        stopping=context.stopping,
        check=check,
        also=also,
    )
    licence = f"{licence_of(place) or 'licence not stated'} ({source.owner_and_name})"
    return Fetched(place, source.owner_and_name.rpartition("/")[2], licence)


def at_hand(source: Source, folder: Path) -> bool:
    """Whether a model was downloaded into `folder` already, so that nobody need be asked for it."""
    return _complete(folder / source.folder_name)


def licence_of(place: Path) -> str:
    """What the hub says of the licence of a downloaded checkpoint; empty where it says nothing."""
    try:
        return str(json.loads((place / COMPLETE).read_bytes()).get("licence") or "")
    except (OSError, ValueError):
        return ""


def _complete(place: Path) -> bool:
    """Whether everything is there and still as long as it was."""
    try:
        files = json.loads((place / COMPLETE).read_bytes())["files"]
        return all((place / name).stat().st_size == facts["size"] for name, facts in files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _held(place: Path, source: Source, emit: Callable[[Event], None], stopping: Callable[[], bool]) -> Iterator[None]:
    """Hold the folder alone, so that two runs do not load the same files into each other."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(place) + ".lock")
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            emit(Progress(stage=f"Waiting for another run that loads {source.owner_and_name}", done=0))
            if stopping():
                raise TrainingStopped("Stopped while waiting for a download.") from None
    try:
        yield
    finally:
        lock.release()


class _Download:
    """One model on its way from the hub to a folder."""

    def __init__(
        self, source: Source, place: Path, emit: Callable[[Event], None], stopping: Callable[[], bool]
    ) -> None:
        self.source, self.place, self.emit, self.stopping = source, place, emit, stopping
        self.endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        self.total = self.done = self.began_with = 0
        self.began = self.told = time.monotonic()

    def run(self, check: Callable[[Mapping[str, Any]], object], also: Sequence[str]) -> None:
        host = self.endpoint.split("//")[-1]
        self.emit(
            Note(
                sentence=f"Loading “{self.source.owner_and_name}” from {host}. Only that name leaves this computer; "
                "your data and what is learned from it stay here."
            )
        )
        self.emit(Progress(stage=self._stage, done=0, unit="MB"))
        info = self._info()
        files = {each.rfilename: each for each in info.siblings or ()}
        weights = self._weights(files)
        if CONFIG not in files:
            raise FamilyError(f"“{self.source.owner_and_name}” has no {CONFIG}, so it is not known what it is.")
        first = [name for name in (*SMALL, *also, INDEX) if name in files and (name != INDEX or INDEX in weights)]
        self._expect(files[name] for name in {*first, *weights})
        commit = info.sha or self.source.revision or "main"
        for name in first:
            self._file(commit, files[name])
        check(check_config(self.place))
        if INDEX in weights:
            weights = [INDEX, *self._shards(files)]
            self._expect(files[name] for name in {*first, *weights})
        for name in weights:
            if name not in first:
                self._file(commit, files[name])
        self._tell(last=True)
        card = getattr(info, "card_data", None)
        facts = {
            "repository": self.source.owner_and_name,
            "commit": commit,
            "licence": str(getattr(card, "license", None) or ""),
            "files": {
                name: {"size": (self.place / name).stat().st_size, "hash": _expected(files[name])[1]}
                for name in {*first, *weights}
            },
        }
        unfinished = self.place / f"{COMPLETE}.writing"
        unfinished.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        unfinished.replace(self.place / COMPLETE)

    @property
    def _stage(self) -> str:
        return f"Downloading {self.source.owner_and_name}"

    def _info(self) -> "ModelInfo":
        """What the hub says of the model: its files with their sizes and hashes."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            HFValidationError,
            OfflineModeIsEnabled,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        name = self.source.owner_and_name
        try:
            api = HfApi(endpoint=self.endpoint, library_name="trasluz")
            return api.model_info(name, revision=self.source.revision, files_metadata=True, timeout=PATIENCE)
        except GatedRepoError as error:
            raise FamilyError(
                f"The owner of “{name}” asks for your consent first: give it on the model's page at {self.endpoint}, "
                "log in with `hf auth login`, and train again."
            ) from error
        except RevisionNotFoundError as error:
            raise FamilyError(f"“{name}” has no revision “{self.source.revision}”.") from error
        except (RepositoryNotFoundError, HFValidationError) as error:
            raise FamilyError(f"There is no model “{name}” on {self.endpoint}; look at how it is written.") from error
        except OfflineModeIsEnabled as error:
            raise FamilyError(
                f"“{name}” was never loaded, and this computer was told to stay off the hub (HF_HUB_OFFLINE)."
            ) from error
        except HfHubHTTPError as error:
            raise FamilyError(f"{self.endpoint} cannot give “{name}” now ({_said(error)}); try again later.") from error
        except Exception as error:
            if _broken(error):
                raise self._no_network() from error
            raise

    def _no_network(self) -> FamilyError:
        return FamilyError(
            f"“{self.source.owner_and_name}” is not on this computer yet, and {self.endpoint} cannot be reached: "
            "connect to the network and train again, or choose what is here."
        )

    def _weights(self, files: Mapping[str, "RepoSibling"]) -> list[str]:
        if WEIGHTS in files:
            return [WEIGHTS]
        if INDEX in files:
            return [INDEX]
        if any(Path(name).suffix in PICKLES for name in files):
            raise FamilyError(
                f"“{self.source.owner_and_name}” has its weights as a pickle only, which may run any code when it is "
                "opened. Only safetensors are loaded; choose a model, or a revision of this one, that has them."
            )
        raise FamilyError(f"“{self.source.owner_and_name}” has no weights as {WEIGHTS}.")

    def _shards(self, files: Mapping[str, "RepoSibling"]) -> Sequence[str]:
        try:
            named = sorted(set(json.loads((self.place / INDEX).read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FamilyError(f"“{INDEX}” of “{self.source.owner_and_name}” is not a list of files.") from error
        if strange := [name for name in named if name not in files or "/" in name or "\\" in name]:
            raise FamilyError(f"“{self.source.owner_and_name}” names a file that it does not have: “{strange[0]}”.")
        return named

    def _expect(self, files: "Iterable[RepoSibling]") -> None:
        self.total = sum(each.size or 0 for each in files)

    def _file(self, commit: str, file: "RepoSibling") -> None:
        """Load one file, whole and as the hub has it."""
        size, wanted = _expected(file)
        target, part = self.place / file.rfilename, self.place / f"{file.rfilename}.part"
        if target.is_file() and _hash(target, wanted) == wanted:
            self.done += size
            self.began_with += size
            return
        while True:
            begun = part.stat().st_size if part.is_file() else 0
            if begun > size:
                part.unlink()
                begun = 0
            before = self.done
            self.done += begun
            self.began_with += begun
            self._stream(commit, file.rfilename, part, size)
            if _hash(part, wanted) == wanted:
                part.replace(target)
                return
            part.unlink()
            self.done = before
            if not begun:
                raise FamilyError(
                    f"“{file.rfilename}” of “{self.source.owner_and_name}” arrived damaged: its hash is not what "
                    f"{self.endpoint} says. It was thrown away; train again to load it anew."
                )

    def _stream(self, commit: str, name: str, part: Path, size: int) -> None:
        """Load what is missing of `part`; a connection that breaks is made anew where it broke."""
        from huggingface_hub import hf_hub_url

        url = hf_hub_url(self.source.owner_and_name, name, revision=commit, endpoint=self.endpoint)
        left = ATTEMPTS
        while True:
            have = part.stat().st_size if part.is_file() else -1
            if have >= size:
                return  # where it is longer its hash will say so
            trouble: Exception | None = None
            try:
                self._once(url, name, part, max(have, 0))
            except Exception as error:
                if not _broken(error):
                    raise
                trouble = error
            now = part.stat().st_size if part.is_file() else -1
            left = ATTEMPTS if now > have else left - 1
            if left == 0:
                raise self._no_network() from trouble
            if now < size:
                self._pause()

    def _once(self, url: str, name: str, part: Path, have: int) -> None:
        from huggingface_hub import get_session
        from huggingface_hub.utils import build_hf_headers

        # As it lies there: a compressed answer has another length than the file.
        headers = {**build_hf_headers(library_name="trasluz"), "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with get_session().stream("GET", url, headers=headers, timeout=PATIENCE, follow_redirects=True) as response:
            if response.status_code >= 400:
                raise FamilyError(
                    f"{self.endpoint} does not give “{name}” of “{self.source.owner_and_name}” "
                    f"(it answers {response.status_code}); try again later."
                )
            if have and response.status_code != 206:  # it begins at the beginning
                self.done -= have
                have = 0
            with part.open("ab" if have else "wb") as file:
                for piece in response.iter_bytes(CHUNK):
                    file.write(piece)
                    self.done += len(piece)
                    self._tell()
                    if self.stopping():
                        raise TrainingStopped("Stopped while downloading; it goes on from there.")

    def _pause(self) -> None:
        for _ in range(5):
            time.sleep(0.1)
            if self.stopping():
                raise TrainingStopped("Stopped while downloading; it goes on from there.")

    def _tell(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if now - self.told < TELL_EVERY_SECONDS and not last:
            return
        self.told = now
        rate = (self.done - self.began_with) / max(now - self.began, 1e-6) / 1e6
        self.emit(
            Progress(
                stage=self._stage,
                done=self.done / 1e6,
                total=max(self.total, self.done) / 1e6,
                unit="MB",
                rate=rate,
                seconds_left=(self.total - self.done) / 1e6 / rate if rate > 0 else None,
            )
        )


def _expected(file: "RepoSibling") -> tuple[int, str]:
    """Size and hash of a file: SHA-256 of a large one, git's own hash of a small one."""
    lfs = file.lfs
    if lfs is not None:
        return int(lfs.size), str(lfs.sha256)
    return int(file.size or 0), str(file.blob_id or "")


def _hash(path: Path, wanted: str) -> str:
    """The hash of a file, of the kind that `wanted` is."""
    size = path.stat().st_size
    digest = hashlib.sha256() if len(wanted) == 64 else hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _broken(error: BaseException) -> bool:
    """Whether a connection could not be made or broke: the HTTP client's own errors, and the system's."""
    if isinstance(error, FamilyError | TrainingStopped):
        return False
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    modules = {each.__module__.partition(".")[0] for each in type(error).__mro__}
    return bool(modules & {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"})


def _said(error: BaseException) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    return f"it answers {status}" if status else type(error).__name__
