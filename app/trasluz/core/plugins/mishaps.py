"""What went wrong with a plugin, as a sentence for the person and a traceback for its author."""

import traceback
from pathlib import Path

import pluggy

from .asking import HOOKS
from .discovery import PluginInfo
from .manifest import PluginError

_AT_MOST = 20_000


def sentence_of(info: PluginInfo, error: BaseException) -> str:
    """Say why a plugin could not be loaded."""
    if isinstance(error, PluginError):
        return f"“{info.title}” cannot be used. {error}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
        if missing == "trasluz":
            return f"“{info.title}” was written for another Trasluz: there is no {error.name} in this one."
        if missing != info.package:
            return (
                f"“{info.title}” needs the Python library “{missing}”, which is not installed here. "
                f"Install it into the Python that runs Trasluz (pip install {missing}), or ask the plugin's author."
            )
    if isinstance(error, pluggy.PluginValidationError):
        return (
            f"“{info.title}” has a hook that does not exist or takes the wrong arguments; "
            f"the hooks are {', '.join(HOOKS)}."
        )
    where = _where(info.folder, error)
    if isinstance(error, SyntaxError):
        return f"“{info.title}” has a mistake in its code{where}: {error.msg}."
    said = f"{type(error).__name__}: {_text(error)}".rstrip(".: ")
    return f"“{info.title}” failed while it was loaded{where}: {said}."


def traceback_of(error: BaseException) -> str:
    """Give Python's own words about an error; none where it is a sentence of ours about what the plugin brings."""
    if isinstance(error, PluginError) and error.__cause__ is None:
        return ""
    try:
        return "".join(traceback.format_exception(error))[-_AT_MOST:]
    except Exception:
        return f"{type(error).__name__}, which cannot be printed"


def _where(folder: Path, error: BaseException) -> str:
    """Name the last line of the plugin's own code that the error went through."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno))
    root = folder.resolve()
    for name, line in reversed(places):
        if Path(name).is_absolute() and Path(name).is_relative_to(root):
            return f" in {Path(name).relative_to(root).as_posix()}, line {line}"
    return ""


def _text(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:300]
    except Exception:
        # A plugin's exception may itself be broken.
        return "it cannot say why"
