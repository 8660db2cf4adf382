"""The loss of the detector: cells near an object's centre, on the grid for its size, predict it (as in FCOS, 2019)."""

import torch
from torch import Tensor, nn

LARGEST_SIDES = ((8, 56), (16, 100), (32, 1_000))
"""Stride of a grid, and the largest longer side in pixels of its objects."""
_REACH = 1.5
"""In cells, from the centre of the object to the centre of a cell that predicts it."""
_LEAST_QUALITY = 0.3


def detection_loss(
    boxes: Tensor, logits: Tensor, cells: tuple[Tensor, Tensor], objects: list[tuple[Tensor, Tensor]]
) -> Tensor:
    """Varifocal loss (Zhang et al., 2021) of the scores plus the GIoU loss of the boxes.

    Args:
        boxes: predicted, (N, A, 4).
        logits: (N, A, classes).
        cells: centres (A, 2) and strides (A, 1).
        objects: true boxes (n, 4) and classes (n,) of each image.
    """
    targets = torch.zeros_like(logits)
    overlaps = []
    for i, (true_boxes, classes) in enumerate(objects):
        if not len(classes):
            continue
        chosen, which = _assigned(*cells, true_boxes)
        overlap = generalized_overlap(boxes[i, chosen], true_boxes[which])
        targets[i, chosen, classes[which]] = overlap.detach().clamp(min=_LEAST_QUALITY)
        overlaps.append(overlap)
    focus = torch.where(targets > 0, targets, 0.75 * logits.detach().sigmoid().square())
    score_loss = nn.functional.binary_cross_entropy_with_logits(logits, targets, focus, reduction="sum")
    box_losses = 1 - torch.cat(overlaps)
    return score_loss / len(box_losses) + 2 * box_losses.mean()


def _assigned(centers: Tensor, strides: Tensor, true_boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Cells (m,) that predict an object, and its index (m,). The smaller one of two objects at the same cell."""
    middle = (true_boxes[:, :2] + true_boxes[:, 2:]) / 2
    sides = (true_boxes[:, 2:] - true_boxes[:, :2]).amax(1)
    near = ((middle[:, None] - centers[None]).abs() < _REACH * strides[None]).all(2)
    smallest = 0.0
    for stride, largest in LARGEST_SIDES:
        fits = (sides > smallest) & (sides <= largest)
        near &= fits[:, None] | (strides[None, :, 0] != stride)
        smallest = largest
    size = torch.where(near, sides[:, None], torch.inf)
    value, which = size.min(dim=0)
    chosen = value.isfinite().nonzero().squeeze(1)
    return chosen, which[chosen]


def generalized_overlap(first: Tensor, second: Tensor) -> Tensor:
    """GIoU (n,) of pairs of boxes (n, 4) (Rezatofighi et al., 2019)."""
    common = (torch.minimum(first[:, 2:], second[:, 2:]) - torch.maximum(first[:, :2], second[:, :2])).clamp(min=0)
    common = common.prod(1)
    union = (_area(first) + _area(second) - common).clamp(min=1e-9)
    hull = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    hull = hull.clamp(min=0).prod(1).clamp(min=1e-9)
    return common / union - (hull - union) / hull


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
