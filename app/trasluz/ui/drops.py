"""What a dropped file or folder is, from its name and a glance at what it holds."""

from pathlib import Path

from trasluz.core.data.readers import manifest, plain_text, series_table


def is_plugin(path: Path) -> bool:
    """Whether it is a plugin: a folder with a manifest, or an archive."""
    if path.is_dir():
        return (path / "plugin.toml").is_file()
    return path.suffix.lower() == ".zip"


def is_data_file(path: Path) -> bool:
    """Whether a file may be data by itself, from its name: a table, a list, a text or code."""
    return path.suffix.lower() in {*manifest.SUFFIXES, *plain_text.SUFFIXES, *series_table.SUFFIXES} and path.is_file()


def is_project(path: Path) -> bool:
    """Whether it is a project's folder."""
    return (path / "project.json").is_file()
