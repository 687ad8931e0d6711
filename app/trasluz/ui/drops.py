"""What a dropped file or folder is, from its name and a glance at what it holds."""

from pathlib import Path


def is_plugin(path: Path) -> bool:
    """Whether it is a plugin: a folder with a manifest, or an archive."""
    if path.is_dir():
        return (path / "plugin.toml").is_file()
    return path.suffix.lower() == ".zip"


def is_project(path: Path) -> bool:
    """Whether it is a project's folder."""
    return (path / "project.json").is_file()
