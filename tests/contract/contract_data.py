"""A small real data set for each kind of data, and what is to be typed to open one item of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trasluz.api import Kind


def _photos(at: Path) -> Path:
    from trasluz.core.data.samples import build_sample

    return build_sample("surfaces", at)


def _lines(at: Path) -> Path:
    """Rendered words of four letters, in the font that comes with Pillow."""
    import random

    from PIL import Image, ImageDraw, ImageFont

    draw, font = random.Random(0), ImageFont.load_default(size=28)
    for number in range(100):
        text = "".join(draw.choice("abou") for _ in range(draw.randint(2, 5)))
        left, _top, right, _bottom = font.getbbox(text)
        line = Image.new("L", (int(right - left) + draw.randint(8, 20), 40), 255 - draw.randint(0, 40))
        ImageDraw.Draw(line).text((draw.randint(2, 6) - left, 6), text, fill=draw.randint(0, 60), font=font)
        folder = at / ("train" if number < 80 else "val")
        folder.mkdir(parents=True, exist_ok=True)
        line.save(folder / f"{number:03}.png")
        (folder / f"{number:03}.gt.txt").write_text(text, encoding="utf-8")
    return at


def _sounds(at: Path) -> Path:
    """Tones, rising chirps and noise by formula, from a third of a second to one second."""
    import numpy as np

    draw, rate = np.random.default_rng(0), 16_000
    for number in range(72):
        label = ("tone", "chirp", "noise")[number % 3]
        time = np.arange(int(rate * draw.uniform(0.3, 1.0))) / rate
        pitch = draw.uniform(300, 900)
        phase = pitch * (time + (1.5 * time**2 if label == "chirp" else 0))
        sound = draw.normal(0, 0.3, len(time)) if label == "noise" else np.sin(2 * np.pi * phase)
        sound = draw.uniform(0.1, 0.9) * sound + draw.normal(0, 0.01, len(time))
        folder = at / ("train" if number < 48 else "val") / label
        folder.mkdir(parents=True, exist_ok=True)
        _save_sound(folder / f"{number:02}.wav", sound, rate)
    return at


def _speech(at: Path) -> Path:
    """“Words” of two to four tones, each a letter with a pitch of its own, with pauses between them; two speakers."""
    import numpy as np

    draw, rate = np.random.default_rng(0), 8_000
    pitches = {"a": 440.0, "b": 800.0, "o": 1_500.0, "u": 2_700.0}
    at.mkdir(parents=True)
    rows = ["path,text,split"]
    for number in range(110):
        text = "".join(draw.choice(list(pitches), size=draw.integers(2, 5)))
        parts = [np.zeros(int(rate * draw.uniform(0.05, 0.2)))]
        for letter in text:
            time = np.arange(int(rate * draw.uniform(0.12, 0.2))) / rate
            parts += [np.sin(2 * np.pi * pitches[letter] * draw.uniform(0.97, 1.03) * time), np.zeros(rate // 12)]
        sound = 0.5 * np.concatenate(parts)
        _save_sound(at / f"{number:03}.wav", sound + draw.normal(0, 0.01, len(sound)), rate)
        rows.append(f"{number:03}.wav,{text},{'train' if number < 90 else 'val'}")
    (at / "list.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return at


def _save_sound(path: Path, sound: Any, rate: int) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())


def _dates(at: Path) -> Path:
    """Dates as people write them, and as machines do: 1,200 pairs by a formula, 2000 to 2009."""
    from datetime import date, timedelta

    months = "January February March April May June July August September October November December".split()
    at.mkdir(parents=True)
    rows = {"train": [], "val": []}
    for number in range(1200):
        day = date(2000, 1, 1) + timedelta(days=number * 997 % 3650)
        written = (
            f"{months[day.month - 1]} {day.day}, {day.year}" if number % 2 else f"{day.day}.{day.month}.{day.year}"
        )
        rows["val" if number % 20 == 0 else "train"].append(f"{written}\t{day.isoformat()}")
    for split, lines in rows.items():
        (at / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return at


def _text(at: Path) -> Path:
    """Nursery sentences by a formula: 20 kB in which much can be foreseen."""
    import random

    draw = random.Random(0)
    who, did, what = ("the cat", "a dog", "one bird"), ("saw", "ate", "hid"), ("the (old) hat", '"a song"', "my fish")
    at.mkdir(parents=True)
    lines = [f"{draw.choice(who)} {draw.choice(did)} {draw.choice(what)}.\n" for _ in range(700)]
    (at / "lines.txt").write_text("".join(lines), encoding="utf-8")
    return at


def _memory(at: Path) -> Path:
    """Two letters, to be said again five steps later."""
    import json

    at.mkdir(parents=True)
    asked = {"problem": "copy", "delay": 5, "length": 2, "letters": 3, "items": 60}
    (at / "copy.memory.json").write_text(json.dumps(asked), encoding="utf-8")
    return at


def _prose(at: Path) -> Path:
    """Sentences of two subjects whose words never meet, by a formula: who does what at sea, and who in the kitchen."""
    import random

    draw = random.Random(0)
    words = {
        "sea": ("captain sailor pilot admiral", "steers repairs paints boards", "ship boat raft vessel", "harbour bay"),
        "kitchen": ("cook baker maid butler", "stirs tastes serves burns", "soup bread stew sauce", "oven cellar"),
    }
    at.mkdir(parents=True)
    for split, count in {"train": 6000, "val": 300}.items():
        lines = []
        for _ in range(count):
            who, does, what, where = (draw.choice(each.split()) for each in words[draw.choice(sorted(words))])
            lines.append(f"the {who} {does} the {what} in the {where}.")
        (at / f"{split}.txt").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return at


def _curves(at: Path) -> Path:
    """Sines, squares and ramps by formula, two channels, 30 to 60 steps, a few values missing."""
    import numpy as np

    draw = np.random.default_rng(0)
    at.mkdir(parents=True)
    for split, count in (("train", 48), ("val", 18)):
        rows = ["case,label,t,d1,d2"]
        for case in range(count):
            label = ("sine", "square", "ramp")[case % 3]
            phase = draw.uniform(0, 1) + np.arange(draw.integers(30, 60)) / 15
            shape = {"sine": np.sin(2 * np.pi * phase), "square": np.sign(np.sin(2 * np.pi * phase)), "ramp": phase % 1}
            for t, value in enumerate(shape[label] + draw.normal(0, 0.05, len(phase))):
                rows.append(f"{case},{label},{t},{'' if t % 17 == 9 else round(value, 4)},{draw.normal():.3f}")
        (at / f"{split}.csv").write_text("\n".join(rows), encoding="utf-8")
    return at


def _steps(at: Path) -> Path:
    """Stretches of quick and of slow swings, a label at each step."""
    import numpy as np

    draw = np.random.default_rng(0)
    at.mkdir(parents=True)
    for split, count in (("train", 30), ("val", 10)):
        rows = ["case,label,t,d1"]
        for case in range(count):
            labels = [
                label for label in draw.permutation(["quick", "slow", "still"]) for _ in range(draw.integers(8, 20))
            ]
            speed = np.array([{"quick": 2.0, "slow": 0.5, "still": 0.0}[label] for label in labels])
            for t, (label, value) in enumerate(zip(labels, np.sin(np.cumsum(speed)) * (speed > 0), strict=True)):
                rows.append(f"{case},{label},{t},{value:.4f}")
        (at / f"{split}.csv").write_text("\n".join(rows), encoding="utf-8")
    return at


def _months(at: Path) -> Path:
    """A season that grows, ten years of months; two are not there, one is there twice, two are out of order."""
    import math

    at.mkdir(parents=True)
    rows = [
        f"{1990 + m // 12}-{m % 12 + 1:02},{(100 + m) * (1 + 0.3 * math.sin(m * math.pi / 6)) + (m * 37 % 11):.2f}"
        for m in range(120)
    ]
    rows = [*rows[:40], rows[43], rows[42], rows[44], rows[44], *rows[45:]]
    (at / "sales.csv").write_text("\n".join(["month,sales", *rows]), encoding="utf-8")
    return at


SMALL_DATA: dict[str, Callable[[Path], Path]] = {
    Kind.IMAGE_CLASSES: _photos,
    Kind.HANDWRITING: _lines,
    Kind.SPEECH: _speech,
    Kind.SOUND_CLASSES: _sounds,
    Kind.TEXT_PAIRS: _dates,
    Kind.SERIES_CLASSES: _curves,
    Kind.SERIES_STEPS: _steps,
    Kind.FORECAST: _months,
    Kind.TEXT: _text,
    "long-memory": _memory,
}
"""Kind → makes the data in a folder. A family of a new kind brings its line here, and is tested the day it arrives."""
SMALL_DATA_FOR: dict[tuple[str, str], Callable[[Path], Path]] = {("word-vectors", Kind.TEXT): _prose}
"""(Family, kind) → data of its own, where the kind's would teach it nothing."""

_SMALL_RNN = {"units": 32, "layers": 1, "augmentation": 0.0, "learning_rate": 5e-3}
_SMALL_PAIRS = {"width": 64, "layers": 1, "cell": "gru", "learning_rate": 0.01, "average": 0.9, "dropout": 0.0}
SETTINGS: dict[tuple[str, str], dict[str, object]] = {
    ("sequence-rnn", Kind.HANDWRITING): {"epochs": 24, **_SMALL_RNN},
    ("sequence-rnn", Kind.SPEECH): {"epochs": 16, **_SMALL_RNN, "directions": "one"},
    ("sequence-rnn", Kind.SERIES_CLASSES): {"epochs": 8, "units": 32, "augmentation": 0.0, "learning_rate": 5e-3},
    ("sequence-rnn", Kind.SERIES_STEPS): {"epochs": 8, "units": 32, "augmentation": 0.0, "learning_rate": 5e-3},
    ("sequence-rnn", Kind.FORECAST): {"epochs": 8, "units": 16},
    ("sequence-rnn", Kind.SOUND_CLASSES): {"epochs": 6, **_SMALL_RNN},
    ("sequence-rnn", Kind.TEXT): {"epochs": 2, "units": 32, "layers": 1, "batch_size": 16, "truncation": 32},
    ("sequence-rnn", "long-memory"): {"epochs": 2, "units": 16, "cell": "rnn", "batch_size": 16},
    ("vision-transformer", Kind.IMAGE_CLASSES): {"start": "scratch", "resolution": 32, "epochs": 6, "drop_path": 0.0},
    ("vision-transformer", Kind.SOUND_CLASSES): {
        "start": "scratch",
        "resolution": 32,
        "epochs": 12,
        "batch_size": 8,
        "drop_path": 0.0,
        "augmentation": 0.2,
    },
    ("text-seq2seq", Kind.TEXT_PAIRS): {"epochs": 5, **_SMALL_PAIRS},
    ("word-vectors", Kind.TEXT): {"epochs": 5, "dimensions": 16},
}
"""(Family, kind) → settings for what one pass would not teach; one pass where nothing stands here."""
