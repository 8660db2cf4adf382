"""Layers of the networks of the samples."""

from torch import Tensor, nn


class Separable(nn.Module):
    """A depthwise convolution and a pointwise one, each with batch normalisation; a residual if the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int | tuple[int, int] = 1, kernel: int = 3) -> None:
        """`kernel` is the width of the depthwise filter."""
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inputs, kernel, stride, kernel // 2, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / stride, w / stride)."""
        return x + self.layers(x) if self.residual else self.layers(x)
