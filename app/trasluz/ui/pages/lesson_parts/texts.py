"""The lessons: short, plain, in the order in which they are needed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lesson:
    """One idea.

    Attributes:
        id: A short word.
        title: The idea as a question or a promise.
        term: What the field calls it.
        diagram: The name of a drawing in `diagrams`.
        paragraphs: The text.
        try_it: What to do in Trasluz to see it.
        page: Where that is done.
    """

    id: str
    title: str
    term: str
    diagram: str
    paragraphs: tuple[str, ...]
    try_it: str
    page: str


LESSONS = (
    Lesson(
        "transfer",
        "Why a few hundred photos are enough",
        "Transfer learning in two steps",
        "two_steps",
        (
            "A network that sees anything at all has millions of numbers to set. A few hundred photos cannot set them. "
            "So it is done in two steps.",
            "Step one was done for you: the network looked at 1.3 million photos of a thousand things (ImageNet) until "
            "it told them apart. On the way it learned what all photos have in common: edges, textures, shapes, parts.",
            "Step two is yours. The old answers are taken off, new ones for your classes are put on, and only what has "
            "to change is changed. That is called finetuning.",
        ),
        "Train once and look at “Which stages learn”: the grey stages keep what they learned from the 1.3 million.",
        "train",
    ),
    Lesson(
        "stages",
        "What the early and the late stages see",
        "Feature hierarchy",
        "stages",
        (
            "A photo passes through the network stage by stage. The first stages answer to edges and colours, the "
            "middle ones to textures and parts, the last ones to whole things.",
            "Edges look the same in photos of shirts and of blood cells; whole things do not. So the early stages can "
            "nearly always be kept, and the later ones are changed when your photos are unlike ordinary photos.",
            "To keep a stage is also called freezing it. A frozen stage cannot forget, and it costs no time to train.",
        ),
        "On the Use page open a photo and its heat map: it shows where the last stage found its reasons.",
        "use",
    ),
    Lesson(
        "table",
        "How much of the network to train",
        "The strategy table",
        "table",
        (
            "Two things decide: how many photos you have, and how like they are to the photos of step one.",
            "Few photos, much alike: keep everything and train one linear classifier on top. Many photos, alike: "
            "finetune the last few stages as well. Few photos, very different: the last stage is of little use, so "
            "classifiers on earlier stages do better. Many photos, very different: finetune most of the network.",
            "Too little training and the network cannot fit your classes. Too much on too few photos and it learns "
            "them by heart: right on what it saw, wrong on what is new.",
        ),
        "Leave the strategy on “auto” and read the sentence that says why; then train the other one and compare.",
        "model",
    ),
    Lesson(
        "split",
        "Why some photos are kept back",
        "Training, validation and test data",
        "split",
        (
            "A pupil who has seen the exam proves nothing by passing it. So the photos are divided: most to learn "
            "from, some to judge with, and sometimes some that are kept for one last test.",
            "Each class is divided alike, and the same photo never stands on both sides: Trasluz compares the contents "
            "and tells you of doubles, since they make the score look better than it is.",
            "A score from a few photos is partly luck. That is why it is shown with an interval: with 341 photos, "
            "90.9% means somewhere between 87 and 94.",
        ),
        "Look at “Worth a look” on the Data page, and at the interval beside the score on the Judge page.",
        "judge",
    ),
    Lesson(
        "onnx",
        "What you measured is what you run",
        "ONNX and parity",
        "parity",
        (
            "A network is trained with one program (PyTorch) and used with another that is smaller and faster (ONNX "
            "Runtime). Between them lies a file that any program can read.",
            "A translation can go wrong. So after training both programs answer the same photos, and their answers are "
            "held against each other. The scores that you see are those of the file, not of the program that made it.",
        ),
        "The Judge page shows how far apart the two are; a model that differs too much is not handed out.",
        "export",
    ),
    Lesson(
        "shapes",
        "One network, five shapes of problems",
        "Recurrent networks",
        "shapes",
        (
            "A recurrent network goes through a sequence step by step. At each step it reads (below), changes what it "
            "has in mind (the middle row), and may answer (above). The same cells serve at every step, so a sequence "
            "may be as long as it likes.",
            "When it reads and when it answers makes the shape. Read once, answer once: a photo and its class. Begin "
            "once and answer on and on: a text that writes itself. Read all, then answer: the class of a sound. Read "
            "all, then write: translation, transcription, a forecast. Read and answer at every step: a label for each.",
        ),
        "Under the drawing stands the newest model of yours that has each shape.",
        "model",
    ),
)
