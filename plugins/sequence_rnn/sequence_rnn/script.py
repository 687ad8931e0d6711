"""The program that goes with an exported model that writes: an item's text, with onnxruntime and numpy alone."""

from pathlib import Path

from trasluz.api import ModelCard

from .sound_script import MORE, reading

_HEAD = '''\
"""{sentence} Needs: pip install onnxruntime numpy{packages}. Use: python predict.py FILE ...{more}"""
import sys
{imports}
import onnxruntime
{decoding}

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
{read}
characters, how = card["extra"]["alphabet"], card["extra"]["decoding"]
spelling = card["files"].get("language_model")
spelling = CharacterModel.load(here / spelling) if spelling else None


def likeliest(scores):
    return "".join(characters[n - 1] for n in greedy(scores)[0])


def text_of(scores):
    if how["beam"] <= 1:
        return likeliest(scores)
    found = beam_search(scores, characters, how["beam"], model=spelling, weight=how["weight"], bonus=how["bonus"])
    return found[0]


'''

_LOOP = """\
for path in sys.argv[1:]:
    print(path, text_of(run(path, "log_probabilities")), sep="\\t")
"""

_STREAMED_LOOP = """\
live = sys.argv[1:2] == ["--stream"]
for path in sys.argv[1 + live:]:
    if live:
        scores = []
        for each in streamed(path, "log_probabilities"):
            scores.append(each)
            print(path, likeliest(np.concatenate(scores)), "…", sep="\\t", flush=True)
        print(path, text_of(np.concatenate(scores)), sep="\\t")
    else:
        print(path, text_of(run(path, "log_probabilities")), sep="\\t")
"""

_LINE = '''
def read(path):
    """One line of ink as the graph takes it: (1, height, width) uint8 grey."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):  # 16 bits
        picture = Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    rgb = np.asarray(picture.convert("RGB")).astype(np.float32)
    line = np.rint(rgb @ np.array([0.299, 0.587, 0.114], np.float32)).clip(0, 255).astype(np.uint8)
    height, width = line.shape
    if height > 256:
        size = (max(1, round(width * 256 / height)), 256)
        line = np.asarray(Image.fromarray(line).resize(size, Image.Resampling.BOX))
    return {"line": line[None]}


def run(path, name):
    return session.run([name], read(path))[0][0]

'''


def handwriting_script(card: ModelCard) -> str:
    """The source of `predict.py` for lines of ink; its decoding is the one that the model was judged with."""
    head = _HEAD.format(
        sentence="Reads a line of handwriting.",
        packages=" pillow",
        more="",
        imports="",
        decoding="from PIL import Image, ImageOps\n\n" + _decoding(),
        read=_LINE,
    )
    return head + _LOOP


def speech_script(card: ModelCard) -> str:
    """The source of `predict.py` for speech."""
    live = "streaming" in card.extra
    rate = str(card.extra["facts"]["rate"])
    head = _HEAD.format(
        sentence="Writes down speech.",
        packages="; for MP3, FLAC, OGG: soundfile; for files at another rate than the\nmodel's: soxr",
        more=MORE.replace("RATE", rate) if live else "",
        imports="import wave\n",
        decoding="\n" + _decoding(),
        read='rate = card["extra"]["facts"]["rate"]\n\n\n' + reading(live=live) + "\n",
    )
    return head + (_STREAMED_LOOP if live else _LOOP)


def _decoding() -> str:
    """`decoding.py` without what it says of itself."""
    source = (Path(__file__).parent / "decoding.py").read_text(encoding="utf-8")
    return source[source.index("import json") :]
