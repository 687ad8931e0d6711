"""The convolutional stems: what turns a line of ink, or a sound, into a sequence of features for the recurrent core.

Shapes: B items, W columns of a line, F frames of a sound, T steps, D features.
"""

from collections.abc import Sequence

from torch import Tensor, nn


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation (Ioffe and Szegedy 2015), rectifier."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int | tuple[int, int] = 1, *, streaming: bool = False
    ) -> None:
        # a stream has its past before it, so that nothing is put in where a chunk begins or ends
        padding = (kernel // 2, 0 if streaming else kernel // 2)
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class LineStem(nn.Module):
    """From the pixels of a line to a feature vector every four columns.

    The height is pooled away at the end by the maximum of each column, so that a word may stand higher or lower
    (Retsinas et al., “Best practices for a handwritten text recognition system”, DAS 2022).
    """

    HEIGHT = 40
    """Pixels that every line is brought to."""
    STRIDE = 4
    """Columns that become one step."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs = 128
        self.layers = nn.Sequential(
            ConvNorm(1, 24, kernel=5, stride=2),  # (20, W/2)
            ConvNorm(24, 48, stride=2),  # (10, W/4)
            ConvNorm(48, 64),
            nn.MaxPool2d((2, 1)),  # (5, W/4)
            ConvNorm(64, 96),
            ConvNorm(96, self.outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, HEIGHT, W) → (B, T, D)."""
        return self.layers(x).amax(dim=2).transpose(1, 2)

    @classmethod
    def steps(cls, columns: int) -> int:
        """How many steps a line of `columns` columns becomes."""
        return -(-columns // cls.STRIDE)


class SoundStem(nn.Module):
    """From a log-mel spectrogram to a feature vector every four frames.

    Other than in a line of ink, how high something stands is what it is: the bands are not pooled away at the end
    but weighed one by one.

    Args:
        streaming: Whether each step sees only what came before its end, so that a sound can be heard in chunks; the
            frames that the first step looks back on are then given before it.
    """

    BANDS = 64
    """Mel bands of a frame."""
    STRIDE = 4
    """Frames that become one step."""
    SEEN = 25
    """Frames that one step of a stream sees: its own four and those before them."""

    def __init__(self, *, streaming: bool = False) -> None:
        super().__init__()
        self.outputs = 128
        self.layers = nn.Sequential(
            ConvNorm(1, 24, kernel=5, stride=2, streaming=streaming),  # (32, F/2)
            ConvNorm(24, 48, stride=2, streaming=streaming),  # (16, F/4)
            ConvNorm(48, 64, streaming=streaming),
            nn.MaxPool2d((2, 1)),  # (8, F/4)
            ConvNorm(64, 64, streaming=streaming),
            nn.Conv2d(64, self.outputs, (8, 1), bias=False),  # (1, F/4)
            nn.BatchNorm2d(self.outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, BANDS, F) → (B, T, D)."""
        return self.layers(x).squeeze(2).transpose(1, 2)

    @classmethod
    def steps(cls, frames: int) -> int:
        """How many steps `frames` frames become, where all of the sound is there."""
        return -(-frames // cls.STRIDE)


class ConvNorm1d(nn.Sequential):
    """Convolution over time, batch normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, streaming: bool = False) -> None:
        super().__init__(
            nn.Conv1d(inputs, outputs, kernel, stride, 0 if streaming else kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(inplace=True),
        )


class SeriesStem(nn.Module):
    """From the values of a series to a feature vector every `stride` steps.

    The widths of the three convolutions are those of the strong baseline for such series (Wang, Yan and Oates, “Time
    series classification from scratch with deep neural networks”, IJCNN 2017): 8, 5 and 3 steps, here odd.

    Args:
        channels: Of the input: the values, and whether each is there.
        strides: Of the three convolutions.
        widths: Their features.
        streaming: Whether each step sees only itself and what came before it; the `PAST` steps before the first one
            are then given with the series.
    """

    KERNELS = (9, 5, 3)
    PAST = sum(KERNELS) - len(KERNELS)
    """Steps that one of a stream looks back on, where nothing is thinned out."""

    def __init__(
        self,
        channels: int,
        strides: Sequence[int] = (1, 1, 1),
        widths: Sequence[int] = (64, 128, 96),
        *,
        streaming: bool = False,
    ) -> None:
        super().__init__()
        self.outputs = widths[-1]
        self.strides = tuple(strides)
        self.layers = nn.Sequential(
            *(
                ConvNorm1d(inputs, outputs, kernel, stride, streaming=streaming)
                for inputs, outputs, kernel, stride in zip(
                    (channels, *widths), widths, self.KERNELS, strides, strict=False
                )
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, S) → (B, T, D)."""
        return self.layers(x).transpose(1, 2)
