"""Commands about the program itself: `doctor`, `families`."""

import argparse
import platform

from trasluz import __version__
from trasluz.cli.output import Output
from trasluz.core.versions import ONNX_RUNTIMES, installed


def doctor(parsed: argparse.Namespace, output: Output) -> int:
    """Say what is installed, which device is really used, and what to do about the rest."""
    from trasluz.core import places
    from trasluz.host.service import Service

    versions = {"trasluz": __version__, "python": platform.python_version(), "system": platform.platform()}
    versions |= installed("torch", *ONNX_RUNTIMES, "PySide6-Essentials", "numpy", "pillow", "scikit-learn")
    service = Service()
    devices, plugins = service.devices(), service.catalogue()["plugins"]
    output.document({"versions": versions, "devices": devices, "plugins": plugins, "folder": str(places.user_folder())})
    output.table(versions.items())
    output.line()
    output.line(devices["sentence"])
    output.table(
        [(row["name"], row["provider"], _timed(row), row.get("reason") or "") for row in devices["rows"]],
        header=("device", "provider", "timed check", ""),
    )
    if devices.get("remedy"):
        output.line(devices["remedy"])
    broken = [p for p in plugins if p["state"] == "broken"]
    for plugin in broken:
        output.line(f"The plugin “{plugin['title']}” does not load: {plugin['error']}")
    output.line(f"Settings, plugins and caches are in {places.user_folder()}")
    return 0


def families(parsed: argparse.Namespace, output: Output) -> None:
    """List the families and their settings."""
    from trasluz.host.service import Service

    found = Service().catalogue()["families"]
    output.document(found)
    for family in found:
        output.line(f"{family['id']}: {family['title']}. {family['sentence']}")
        output.line(f"  learns from: {', '.join(family['kinds'])}; judged by: {family['headline']}")
        for kinds, schema in _schemas(family):
            if kinds:
                output.line(f"  with {', '.join(kinds)}:")
            output.table([_setting(name, s) for name, s in schema["properties"].items()])
        output.line()


def _schemas(family: dict) -> list[tuple[list[str], dict]]:  # type: ignore[type-arg]
    """The settings, with the kinds of data that they are for where these differ."""
    found: list[tuple[list[str], dict]] = []  # type: ignore[type-arg]
    for kind, own in family["by_kind"].items():
        same = next((kinds for kinds, schema in found if schema["properties"] == own["schema"]["properties"]), None)
        if same is None:
            found.append(([kind], own["schema"]))
        else:
            same.append(kind)
    return found if len(found) > 1 else [([], family["schema"])]


def _timed(row: dict) -> str:  # type: ignore[type-arg]
    return f"{row['milliseconds']:.2f} ms" if row.get("milliseconds") is not None else "–"


def _setting(name: str, schema: dict) -> tuple[str, str, str, str]:  # type: ignore[type-arg]
    options = [schema, *schema.get("anyOf", ())]
    kinds = [str(o["type"]) for o in options if o.get("type", "null") != "null"]
    # a choice of one is a constant in JSON schema
    values = next((o.get("enum") or [o["const"]] for o in options if "enum" in o or "const" in o), None)
    bounds = [
        f"{sign} {o[key]}"
        for o in options
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in o
    ]
    if "others" in schema:  # what it may be besides: a folder, or what is typed after a prefix
        typed = schema.get("placeholder", "NAME")
        others = ["FOLDER" if key == "folder" else f"{key}{typed}" for key in schema["others"]]
        values = [*schema.get("labels", ()), *others]
    takes = "|".join(map(str, values)) if values else " ".join([*kinds, ", ".join(bounds)])
    default = schema.get("default")
    return (
        f"  {name}",
        takes.strip(),
        f"= {'none' if default is None else default}",
        schema.get("description", ""),
    )
