"""A detector with the outputs of Ultralytics' v8 layout, of 130,000 weights."""

import torch
from torch import Tensor, nn

from models.layers import Separable

STRIDES = (8, 16, 32)


class Detector(nn.Module):
    """Boxes and scores at each cell of three grids."""

    def __init__(self, classes: int, side: int) -> None:
        """For square images of `side` pixels, a multiple of 32."""
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 6, 4, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Separable(32, 56, 2), Separable(56, 56), Separable(56, 56)),
                nn.Sequential(Separable(56, 96, 2), *(Separable(96, 96, kernel=5) for _ in range(2))),
                nn.Sequential(Separable(96, 128, 2), *(Separable(128, 128, kernel=5) for _ in range(2))),
            ]
        )
        self.laterals = nn.ModuleList([nn.Conv2d(channels, 48, 1) for channels in (56, 96, 128)])
        self.smooth = nn.ModuleList([Separable(48, 48, kernel=5) for _ in STRIDES])
        self.class_branch = Separable(48, 48, kernel=5)
        self.box_branch = Separable(48, 48, kernel=5)
        self.scores = nn.Conv2d(48, classes, 1)
        self.sides = nn.Conv2d(48, 4, 1)
        self.scale = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.constant_(self.scores.bias, -4.6)  # a score of 0.01: most cells hold no object
        centers, strides = _cells(side)
        self.register_buffer("centers", centers, persistent=False)
        self.register_buffer("strides", strides, persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, side, side) from 0 to 1 -> boxes (N, A, 4), x1 y1 x2 y2 in pixels, and logits (N, A, classes)."""
        x = self.stem(images)
        features = []
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            x = stage(x)
            features.append(lateral(x))
        for i in (1, 0):
            features[i] = features[i] + nn.functional.interpolate(features[i + 1], scale_factor=2.0)
        logits, distances = [], []
        for feature, smooth, scale in zip(features, self.smooth, self.scale, strict=True):
            smoothed = smooth(feature)
            logits.append(self.scores(self.class_branch(smoothed)).flatten(2))
            distances.append(nn.functional.softplus(self.sides(self.box_branch(smoothed)) * scale).flatten(2))
        ltrb = torch.cat(distances, 2).transpose(1, 2) * self.strides
        boxes = torch.cat([self.centers - ltrb[..., :2], self.centers + ltrb[..., 2:]], 2)
        return boxes, torch.cat(logits, 2).transpose(1, 2)


class Exported(nn.Module):
    """The detector with the outputs of the v8 layout."""

    def __init__(self, detector: Detector) -> None:
        """Of the trained `detector`."""
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, side, side) -> (N, 4 + classes, A): cx cy w h in pixels and the probability of each class."""
        boxes, logits = self.detector(images)
        low, high = boxes[..., :2], boxes[..., 2:]
        return torch.cat([(low + high) / 2, high - low, logits.sigmoid()], 2).transpose(1, 2)


def _cells(side: int) -> tuple[Tensor, Tensor]:
    """Centres (A, 2) in pixels and strides (A, 1) of the cells of all grids."""
    centers, strides = [], []
    for stride in STRIDES:
        steps = (torch.arange(side // stride) + 0.5) * stride
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        centers.append(torch.stack([x.flatten(), y.flatten()], 1))
        strides.append(torch.full((len(steps) ** 2, 1), float(stride)))
    return torch.cat(centers), torch.cat(strides)
