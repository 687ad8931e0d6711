"""`trasluz demo`: the main job, end to end, on the sample that comes with the program."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from trasluz.cli.output import CommandError, Output


def demo(parsed: argparse.Namespace, output: Output) -> int:
    """Load, train, export, check, predict; then the window on the result, or a picture of it."""
    from trasluz.core import places
    from trasluz.core.data.samples import build_sample
    from trasluz.host.service import Service

    base = Path(parsed.out).expanduser().resolve() if parsed.out else places.user_folder() / "demo"
    service = Service()
    told: dict[str, Any] = {}

    output.line(f"1. The sample: {parsed.sample}")
    photos = build_sample(parsed.sample, base / "photos" / parsed.sample)
    project = _project(base / parsed.sample, parsed.sample, photos)
    summary = service.inspect(data=str(photos), index=str(project.index_path), progress=output.progress)
    counts = {split: sum(c.values()) for split, c in summary["counts"].items()}
    output.line(f"   {summary['sentence']} {photos}")
    told |= {"photos": str(photos), "counts": counts}

    output.line("2. Train: a linear classifier on EfficientNet-Lite0, then ONNX and the check")
    run = _train(project, output)
    model = run.model_folder

    output.line("3. Judge: the ONNX model on photos that it never learned from")
    score = service.evaluate(model=str(model), data=str(photos), split="val", progress=output.progress)
    parity = score["parity"]
    output.line(f"   accuracy {score['metrics']['accuracy']:.3f} on {score['items']} photos, by {score['provider']}")
    output.line(f"   ONNX against PyTorch: {parity['max_abs_diff']:.1e} apart at the most")

    output.line("4. Use: one photo through ONNX Runtime")
    photo = _unseen(project)
    answer = service.predict(model=str(model), inputs=[str(photo)])["predictions"][0]
    output.line(f"   {photo.name}: {answer['text']} {answer['score']:.1%}, {answer['milliseconds']:.1f} ms")

    output.line("5. Export: a folder that runs without Trasluz")
    exported = base / "exported" / run.path.name
    if not exported.exists():
        service.export(model=str(model), out=str(exported))
    alone = subprocess.run(
        [sys.executable, str(exported / "predict.py"), str(photo)],
        capture_output=True,
        text=True,
        check=False,
    )
    if alone.returncode:
        raise CommandError(f"The exported script failed: {alone.stderr.strip().splitlines()[-1]}")
    output.line(f"   {exported}")
    output.line(f"   python predict.py {photo.name} → {alone.stdout.strip().splitlines()[0]}")

    told |= {
        "project": str(project.folder),
        "run": str(run.path),
        "model": str(model),
        "exported": str(exported),
    }
    told |= {"evaluation": {k: v for k, v in score.items() if k != "judgement"}, "prediction": answer}
    return _show(parsed, output, project.folder, told)


def _project(folder: Path, name: str, photos: Path):  # type: ignore[no-untyped-def]
    from trasluz.core.project import Project, remember

    found = Project.open(folder) if Project.is_one(folder) else Project.create(folder, name=name.title(), data=photos)
    remember(found)
    return found


def _train(project, output: Output):  # type: ignore[no-untyped-def]
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.run import execute_run

    request = RunRequest.new(
        family="finetuned-cnn",
        data=str(project.data),
        index=str(project.index_path),
        cache=str(project.cache_folder),
        settings={"strategy": "linear"},
        name="Linear classifier",
    )
    folder = RunFolder.create(project.runs_folder / request.id, request)

    def tell(event: Any) -> None:
        if event.type == "progress":
            output.progress(event)

    status = execute_run(folder.path, emit_also=tell)
    if status:
        last = next((e for e in reversed(list(folder.events())) if e.type in ("failed", "stopped")), None)
        raise CommandError(last.sentence if last else "The training did not finish.", status)
    return folder


def _unseen(project) -> Path:  # type: ignore[no-untyped-def]
    """A photo that the model never learned from."""
    from trasluz.core.data.index import Index

    index = Index.open(project.index_path)
    return index.absolute(index.page(split="val", limit=1)[0].path)


def _show(parsed: argparse.Namespace, output: Output, project: Path, told: dict[str, Any]) -> int:
    screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if (
        screen
        and not parsed.no_window
        and not output.as_json
        and "offscreen" not in os.environ.get("QT_QPA_PLATFORM", "")
    ):
        from trasluz.ui.app import main as window

        output.line("6. The window")
        return window([project])
    picture = project.parent / f"{project.name}.png"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from trasluz.ui.pictures import take

    take(project, picture, page="judge")
    output.line(f"6. A picture of the window{'' if screen else ', since there is no screen here'}: {picture}")
    output.document(told | {"picture": str(picture)})
    return 0
