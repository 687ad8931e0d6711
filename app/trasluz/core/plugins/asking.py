"""Imports one plugin and asks its hooks what it brings. Nobody else calls hooks.

pluggy ends a whole call where one plugin raises, mixes the results of all, and is silent on a misspelt hook until
it is asked. So each plugin has a plugin manager of its own, in which none of that can reach another plugin.
"""

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TypeVar

import pluggy

from trasluz.api import hookspecs

from . import attempts
from .brought import Brought, checked
from .discovery import PluginInfo
from .importing import import_package
from .manifest import PluginError

HOOKS = ("trasluz_families", "trasluz_sources", "trasluz_explainers")
PATIENCE = "TRASLUZ_PLUGIN_SECONDS"
"""The environment variable for slow machines: how many seconds a plugin may take to load."""
_SECONDS = 60.0
_Answer = TypeVar("_Answer")


def ask(info: PluginInfo) -> Brought:
    """Import a plugin and return what its hooks say it brings, checked.

    A plugin of the person's is given a time limit, and is not tried again when it ended the process before.

    Raises:
        PluginError: If it was left out, took too long, or brings what does not fit.
        BaseException: Whatever its code raises.
    """
    if info.origin == "builtin":
        # What comes with the program is tested with it, and nobody could do without it.
        with _aside():
            return _asked(info)
    if attempts.lost(info.id, info.content_hash) >= attempts.ALLOWED:
        raise PluginError(
            f"It ended the program {attempts.ALLOWED} times while it was loaded, so it was left out. "
            "Switch it on again to try once more, or ask its author."
        )
    with _aside():
        return _within(_seconds(), lambda: _guarded(info))


def _guarded(info: PluginInfo) -> Brought:
    with attempts.attempt(info.id, info.content_hash):
        return _asked(info)


def _asked(info: PluginInfo) -> Brought:
    return _answers(import_package(info.package, info.folder, info.content_hash))


def _answers(module: ModuleType) -> Brought:
    hooks = pluggy.PluginManager("trasluz")
    hooks.add_hookspecs(hookspecs)
    hooks.register(module)
    hooks.check_pending()
    if not hooks.get_hookcallers(module):
        raise PluginError("It has no hooks: mark the functions in its __init__.py with `trasluz.api.hookimpl`.")
    answers: dict[str, object] = {}
    for name in HOOKS:
        caller = getattr(hooks.hook, name)
        if not caller.get_hookimpls():
            continue
        results = caller()
        if not results:
            raise PluginError(f"Its hook {name} returns None; it has to return a list.")
        answers[name] = results[0]
    return checked(*(answers.get(name, ()) for name in HOOKS))


def _within(seconds: float, work: Callable[[], _Answer]) -> _Answer:
    """Do `work` on a thread and return what it gives, or give it up: Python cannot end a thread that hangs."""
    answers: list[_Answer] = []
    errors: list[BaseException] = []

    def working() -> None:
        try:
            answers.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=working, name="plugin", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise PluginError(
            f"It had not loaded after {seconds:g} seconds, so it was left out. Ask its author; heavy libraries belong "
            f"inside functions. On a slow machine, set {PATIENCE} to more seconds."
        )
    return answers[0]


def _seconds() -> float:
    try:
        return max(0.1, float(os.environ.get(PATIENCE, _SECONDS)))
    except ValueError:
        return _SECONDS


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """Send what a plugin prints to standard error: standard output belongs to the command's answer."""
    with contextlib.redirect_stdout(sys.stderr or io.StringIO()):
        yield
