"""What 68 face landmarks say: pose, mouth, eyes and brows, with sign and unit.

Points are numbered as in the 300-W set (Sagonas et al., ICCV workshops 2013): 0-16 the jaw from
the picture's left to its right, 17-26 brows, 27-35 nose, 36-47 eyes, 48-59 the outer and 60-67 the
inner lips. Measures are taken in the face's own frame, so that they change neither with its place
and size in the picture nor, but for roll, with its turn in the plane.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

POINTS = 68

EYES = "distances between the eyes"

_PAIRS = (
    *((i, 16 - i) for i in range(8)),
    *((17 + i, 26 - i) for i in range(5)),
    *((31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)),
)
"""Points of the picture's left half and their partners on the right."""


@dataclass(frozen=True)
class Measure:
    """A named scalar of a face: higher means more of what it is named after."""

    unit: str
    meaning: str
    of: Callable[["Frame", Tensor], Tensor]
    """Of the frame and the images [N, 3, H, W]: [N]."""


class Frame:
    """Points [N, 68, 2] in the face's frame: x across, y down, the middle of the eyes at 0.

    Across is the mean direction between all pairs of partners. The unit is the distance between the
    eyes, or the spread of all points where that is longer: in a profile the eyes fall together.
    """

    def __init__(self, points: Tensor):
        left, right = (points[:, list(side)] for side in zip(*_PAIRS, strict=True))
        across = (right - left).mean(1)
        self.roll = torch.rad2deg(torch.atan2(across[:, 1], across[:, 0]))
        across = across / across.norm(dim=1, keepdim=True).clamp_min(1e-6)
        down = torch.stack([-across[:, 1], across[:, 0]], 1)
        eyes = points[:, 36:42].mean(1), points[:, 42:48].mean(1)
        self.unit = torch.maximum((eyes[1] - eyes[0]).norm(dim=1), spread(points))
        placed = points - (eyes[0] + eyes[1])[:, None] / 2
        self.x = torch.einsum("npk,nk->np", placed, across) / self.unit[:, None]
        self.y = torch.einsum("npk,nk->np", placed, down) / self.unit[:, None]

    def height(self, *points: int) -> Tensor:
        """Mean y of points: [N]."""
        return self.y[:, list(points)].mean(1)


def spread(points: Tensor) -> Tensor:
    """Root mean square distance [N] of points [N, 68, 2] from their centre, at least 0.001."""
    centred = points - points.mean(1, keepdim=True)
    return centred.square().sum(2).mean(1).clamp_min(1e-6).sqrt()


def mirror(points: Tensor) -> Tensor:
    """Points [N, 68, 2] of the mirror image -> those of the image itself."""
    order = list(range(POINTS))
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    turned = points[:, order]
    return torch.stack([1 - turned[..., 0], turned[..., 1]], 2)


def trust(points: Tensor, mirrored: Tensor) -> Tensor:
    """Above 0 where points [N, 68, 2] can be believed, beside the mirror image's turned back: [N].

    Brows, eyes, nose, mouth and chin follow each other downwards, the eyes lie on their sides, and
    the two sets differ by less than .15 of the distance between the eyes, on average. The value is
    by how much the least of it holds, in distances between the eyes.
    """
    frame = Frame((points + mirrored) / 2)
    brows, nose = frame.height(*range(17, 27)), frame.height(33)
    mouth, chin = frame.height(48, 54), frame.height(8)
    ordered = (-brows, nose, mouth - nose, chin - mouth)
    sides = (-0.3 - frame.x[:, 36:42].mean(1), frame.x[:, 42:48].mean(1) - 0.3)
    apart = (points - mirrored).norm(dim=2).mean(1) / frame.unit
    return torch.stack([*ordered, *sides, 0.15 - apart]).amin(0)


def _yaw(frame: Frame, _: Tensor) -> Tensor:
    left, right, nose = frame.x[:, 2], frame.x[:, 14], frame.x[:, 30]
    return torch.rad2deg(torch.atan2(2 * nose - left - right, (right - left).clamp_min(0.1)))


def _mouth_open(frame: Frame, _: Tensor) -> Tensor:
    return frame.height(65, 66, 67) - frame.height(61, 62, 63)


def _mouth_width(frame: Frame, _: Tensor) -> Tensor:
    return frame.x[:, 54] - frame.x[:, 48]


def _smile(frame: Frame, images: Tensor) -> Tensor:
    lift = frame.height(62, 66) - frame.height(48, 54)
    return _mouth_width(frame, images) + lift


def _eye_openness(frame: Frame, _: Tensor) -> Tensor:
    return frame.height(40, 41, 46, 47) - frame.height(37, 38, 43, 44)


def _brightness(_: Frame, images: Tensor) -> Tensor:
    red, green, blue = images.mean((2, 3)).unbind(1)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue + 1) / 2


MEASURES: Mapping[str, Measure] = {
    "yaw": Measure("degrees, about", "the nose points to the picture's right", _yaw),
    "pitch": Measure(
        EYES, "the chin is up: the jaw begins below the eyes", lambda f, _: f.height(0, 16)
    ),
    "roll": Measure("degrees", "the head leans to the picture's right", lambda f, _: f.roll),
    "mouth-open": Measure(EYES, "the inner lips are apart", _mouth_open),
    "smile": Measure(EYES, "the mouth is wide and its corners are up", _smile),
    "mouth-width": Measure(EYES, "the mouth's corners are apart", _mouth_width),
    "eye-openness": Measure(EYES, "the lids are apart", _eye_openness),
    "brow-height": Measure(
        EYES, "the brows are above the eyes", lambda f, _: -f.height(*range(17, 27))
    ),
    "jaw-width": Measure(
        EYES, "the jaw is wide at the mouth's height", lambda f, _: f.x[:, 12] - f.x[:, 4]
    ),
    "chin-length": Measure(
        EYES, "the chin lies below the mouth", lambda f, _: f.height(8) - f.height(48, 54)
    ),
    "brightness": Measure("share of white", "the whole picture is bright", _brightness),
}
