"""`trasluz plugins`: what is installed, where it came from, whether it is trusted."""

import argparse
from pathlib import Path

from trasluz.cli.output import CommandError, Output
from trasluz.core.statuses import USAGE


def act(parsed: argparse.Namespace, output: Output) -> None:
    """Do what the second word says."""
    if parsed.what == "list":
        listing(parsed, output)
        return
    if not parsed.which:
        raise CommandError(f"Which plugin? Say trasluz plugins {parsed.what} ID.", status=USAGE)
    {"info": _info, "install": _install, "enable": _enable, "disable": _disable, "remove": _remove}[parsed.what](
        parsed, output
    )


def listing(parsed: argparse.Namespace, output: Output) -> None:
    """List the plugins with their origin and state."""
    found = _loaded()
    output.document([p.model_dump(mode="json") for p in found])
    output.table(
        [(p.id, p.version, p.origin, p.state, p.error or p.title) for p in found],
        header=("id", "version", "origin", "state", ""),
    )


def _info(parsed: argparse.Namespace, output: Output) -> None:
    plugin = next((p for p in _loaded() if p.id == parsed.which), None)
    if plugin is None:
        raise CommandError(f"There is no plugin “{parsed.which}”; trasluz plugins list names them.")
    data = plugin.model_dump(mode="json")
    output.document(data)
    for key, value in data.items():
        if value not in (None, "", []):
            output.line(f"{key:10} {', '.join(map(str, value)) if isinstance(value, list) else value}")


def _install(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.plugins.install import examine, install

    with examine(Path(parsed.which)) as examined:
        for warning in examined.warnings:
            output.say(warning)
        info = install(examined, trust=parsed.trust)
    output.document(info.model_dump(mode="json"))
    output.line(f"Installed “{info.title}” {info.version} in {info.folder}")
    if not parsed.trust:
        output.line(
            f"It will not run until you trust it: look at its files, then say trasluz plugins enable {info.id} --trust"
        )


def _enable(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.plugins.install import enable

    info = enable(parsed.which, trust=parsed.trust)
    output.document(info.model_dump(mode="json"))
    output.line(f"“{info.title}” is {info.state}.")


def _disable(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.plugins.install import disable

    info = disable(parsed.which)
    output.document(info.model_dump(mode="json"))
    output.line(f"“{info.title}” is {info.state}.")


def _remove(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.plugins.install import remove

    remove(parsed.which)
    output.document({"removed": parsed.which})
    output.line(f"“{parsed.which}” is removed.")


def _loaded():  # type: ignore[no-untyped-def]
    from trasluz.core.plugins.registry import Registry

    return Registry.load().plugins
