"""A convolutional network that reads a line of text, for CTC."""

from torch import Tensor, nn

from models.layers import Separable


class Reader(nn.Module):
    """Scores of characters for each 4 pixels along a line 32 pixels high."""

    def __init__(self, classes: int) -> None:
        """`classes` counts the blank, which is class 0."""
        super().__init__()
        self.image = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2, 2, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(inplace=True),
            Separable(24, 48, 2),
            Separable(48, 48, kernel=5),
            Separable(48, 80, (2, 1)),
            Separable(80, 80, kernel=5),
            Separable(80, 112, (2, 1)),
            nn.Conv2d(112, 128, (2, 1), bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(inplace=True),
        )
        self.line = nn.Sequential(*(_Along(128, kernel) for kernel in (5, 7, 9)))
        self.scores = nn.Conv1d(128, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 32, W), -1 to 1 -> logits (N, W / 4, classes)."""
        return self.scores(self.line(self.image(images).squeeze(2))).transpose(1, 2)


class _Along(nn.Module):
    """A residual block of convolutions along the line."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(inplace=True),
            nn.Conv1d(channels, channels, 1, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, T) -> the same shape."""
        return x + self.layers(x)


class Exported(nn.Module):
    """The reader with probabilities."""

    def __init__(self, reader: Reader) -> None:
        """Of the trained `reader`."""
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 32, W), -1 to 1 -> probabilities (N, W / 4, classes)."""
        return self.reader(images).softmax(2)
