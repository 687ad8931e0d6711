"""`plugin.toml`: what a plugin says of itself, read as data before any of its code.

The window lists, judges and installs plugins by this file alone.
"""

import keyword
import re
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from trasluz.api import API_VERSION

MANIFEST_NAME = "plugin.toml"
_AT_MOST = 64 * 1024
_ID = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}([-+.]?[A-Za-z][A-Za-z0-9.+-]{0,30})?")
_API = re.compile(r"(\d{1,4})\.(\d{1,4})")
RESERVED_NAMES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


class PluginError(Exception):
    """Something about a plugin that cannot be; the message is a sentence: what, where, what to do."""

    details = ""
    """A person needs no traceback of ours to read the sentence."""


def is_word(word: object) -> bool:
    """Say whether `word` is fit to be an id: lower-case letters and digits, joined by single hyphens."""
    return isinstance(word, str) and len(word) <= 64 and _ID.fullmatch(word) is not None


def _id(word: str) -> str:
    if not is_word(word):
        raise ValueError("must be lower-case letters and digits joined by hyphens, such as “leaf-shapes”")
    if word in RESERVED_NAMES:
        raise ValueError(f"must not be “{word}”, which Windows keeps for itself")
    return word


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of ordinary characters")
    return text.strip()


def _said(text: str) -> str:
    if not _line(text):
        raise ValueError("must not be empty")
    return _line(text)


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("must be numbers with dots between them, such as “1.0.2”")
    return text


def _api(text: str) -> str:
    if not _API.fullmatch(text):
        raise ValueError("must be two numbers with a dot between them, in quotes, such as “1.0”")
    return text


def _package(name: str) -> str:
    if not (name.isascii() and name.isidentifier() and name == name.lower()) or keyword.iskeyword(name):
        raise ValueError("must be the name of a Python package in lower case, such as “leaf_shapes”")
    if name in sys.stdlib_module_names or name == "trasluz" or name in RESERVED_NAMES:
        raise ValueError(f"must not be “{name}”, which is a name of Python's, Windows' or Trasluz' own")
    return name


def _homepage(text: str) -> str:
    if text and not re.fullmatch(r"https?://[!-~]+", text):
        raise ValueError("must be an address that begins with https:// or http://")
    return text


_Id = Annotated[str, AfterValidator(_id)]
_Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]


class Manifest(BaseModel):
    """The keys of `plugin.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: _Id = Field(description="The plugin's name for machines; nobody else's. Also the name of its folder.")
    title: Annotated[str, Field(max_length=80, description="The plugin's name for people."), AfterValidator(_said)]
    version: Annotated[str, AfterValidator(_version)] = Field(description="The plugin's own version.")
    api: Annotated[str, AfterValidator(_api)] = Field(
        description="The version of `trasluz.api` that it was written for: major and minor, in quotes."
    )
    package: Annotated[str, Field(max_length=64), AfterValidator(_package)] = Field(
        description="The Python package beside this file that holds the hooks."
    )
    kinds: list[_Id] = Field(default=[], max_length=100, description="The kinds of data that it works with.")
    families: list[_Id] = Field(
        default=[], max_length=100, description="The ids of the model families that it brings; exactly these."
    )
    sentence: Annotated[str, Field(max_length=400), AfterValidator(_said)] = Field(
        description="What it does, for the person who decides whether to install it."
    )
    author: _Line = Field(default="", description="Who made it.")
    licence: _Line = Field(default="", description="Under which licence, best as an SPDX name: `MIT`.")
    homepage: Annotated[str, Field(max_length=400), AfterValidator(_homepage)] = Field(
        default="", description="Where to read more."
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the plugin in `folder`.

    Raises:
        PluginError: If there is none, or something in it is wrong; the sentence says what.
    """
    path = folder / MANIFEST_NAME
    try:
        with path.open("rb") as file:
            content = file.read(_AT_MOST + 1)
    except FileNotFoundError:
        raise PluginError(f"“{folder.name}” is not a plugin: it has no {MANIFEST_NAME}.") from None
    except OSError as error:
        raise PluginError(f"The {MANIFEST_NAME} in “{folder.name}” cannot be read: {error.strerror}.") from error
    return parse_manifest(content, where=f"The {MANIFEST_NAME} in “{folder.name}”")


def parse_manifest(content: bytes, *, where: str = f"The {MANIFEST_NAME}") -> Manifest:
    """Read a manifest's bytes; `where` begins the sentences.

    Raises:
        PluginError: If something in it is wrong.
    """
    if len(content) > _AT_MOST:
        raise PluginError(f"{where} is too large; a manifest is a few lines.")
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PluginError(f"{where} is not a text in UTF-8; save it again as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        # TOMLDecodeError is a ValueError, and so is what Python says of a number with thousands of digits.
        raise PluginError(f"{where} is not valid TOML: {_first_line(error)}.") from error
    # Keys that this version does not know may be right in the version that the plugin was written for.
    asked = data.get("api")
    if isinstance(asked, str) and _API.fullmatch(asked) and (misfit := api_misfit(asked)):
        raise PluginError(f"{where} asks for the plugin interface {asked}. {misfit}")
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise PluginError(f"{where}: {_sentences(error)}") from error


def api_misfit(asked: str) -> str:
    """Say why a plugin written for the api version `asked` cannot run here; empty if it can."""
    major, minor = (int(n) for n in asked.split("."))
    here = f"{API_VERSION[0]}.{API_VERSION[1]}"
    if major == API_VERSION[0] and minor <= API_VERSION[1]:
        return ""
    if (major, minor) > API_VERSION:
        return f"This Trasluz has {here}: install a newer Trasluz, or an older version of the plugin."
    return f"This Trasluz has {here}, which no longer offers that: ask the plugin's author for a newer version."


def version_key(version: str) -> tuple[int, ...]:
    """Make the numbers of a version comparable: `1.10` after `1.9`; what follows the numbers is not looked at."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(n) for n in found.group().split(".")] if found else []
    return tuple(numbers + [0] * (4 - len(numbers)))


def _sentences(error: ValidationError) -> str:
    said = []
    for problem in error.errors()[:5]:
        place = problem["loc"]
        key = str(place[0]) if place else ""
        item = f" (entry {place[1] + 1})" if len(place) > 1 and isinstance(place[1], int) else ""
        said.append(f"`{_shown(key)}`{item} {_reason(problem)}")
    more = error.error_count() - len(said)
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "") + "."


def _reason(problem: Any) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is not a key of a manifest; the keys are {', '.join(Manifest.model_fields)}"
    if kind == "string_type":
        return "must be a text in quotes"
    if kind == "list_type":
        return "must be a list in square brackets"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters"
    if kind == "too_long":
        return f"has more than {context['max_length']} entries"
    if kind == "value_error":
        return str(context["error"])
    return str(problem["msg"])


def _first_line(error: BaseException) -> str:
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return _shown(text, 200)


def _shown(text: str, at_most: int = 60) -> str:
    clean = "".join(c if c.isprintable() else "�" for c in text)
    return clean if len(clean) <= at_most else clean[: at_most - 1] + "…"
