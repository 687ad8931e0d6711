"""Where things lie: the person's folder, the built-in plugins, what comes with the program."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def user_folder() -> Path:
    """The person's own folder for settings, plugins and caches; `TRASLUZ_HOME` moves it."""
    given = os.environ.get("TRASLUZ_HOME")
    if given:
        folder = Path(given).expanduser().absolute()
    else:
        from platformdirs import user_data_path

        folder = user_data_path("Trasluz", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def builtin_plugins() -> Path:
    """The folder of the plugins that come with the program."""
    return _shipped("plugins")


def resources() -> Path:
    """The folder of icons that come with the program."""
    return _shipped("resources")


def user_plugins() -> Path:
    """The folder of the plugins that the person added."""
    folder = user_folder() / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cache_folder() -> Path:
    """The folder for what can be made again at any time."""
    folder = user_folder() / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def library_folder() -> Path:
    """The folder for what later runs start from: networks that were downloaded, and those that the person kept."""
    folder = user_folder() / "library"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _shipped(name: str) -> Path:
    """In a checkout or an editable installation it lies beside `app/`; a wheel carries it in the package."""
    checkout = _PACKAGE.parent.parent
    if _PACKAGE.parent.name == "app" and (checkout / "pyproject.toml").is_file():
        return checkout / name
    return _PACKAGE / "builtin" / name
