"""The eight subspaces that were released with ICE, for avatars and for natural faces.

Source: the released settings of arXiv 2201.09689: criterions, ratios, form and the share of the
largest eigenvalue that is kept. What is suppressed is put in the parts at hand, apart where a large
part would hide a small one. Parts of natural faces are what their landmarks enclose, without hair:
the background stands in for it. Avatars have no face descriptor: what a regressor reads of skin,
hair, eyes and lines stands in for identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Form = Literal["early", "late", "combined", "soft"]


@dataclass(frozen=True)
class Task:
    """Criterions as `directrix.criterions.parse` reads them, each with "@" and its ratio."""

    wanted: tuple[str, ...]
    suppressed: tuple[str, ...]
    form: Form = "early"
    keep: float = 0.01
    margin: float = 0.0


AVATARS: Mapping[str, Task] = {
    "face_boundary": Task(
        ("landmarks:skin",),
        ("landmarks:eyes+brows@0.01", "landmarks:mouth@0.01", "appearance:eyes+mouth@0.003"),
    ),
    "eye_boundary": Task(
        ("landmarks:eyes",),
        ("landmarks:brows+mouth+skin@0.01", "pixels:skin+brows+mouth+hair@0.002"),
    ),
    "mouth_shape": Task(
        ("relative-landmarks:mouth",),
        ("relative-landmarks:eyes+brows@0.01", "appearance:eyes@0.01", "appearance:~mouth@0.01"),
        form="late",
        keep=0.02,
    ),
    "lip_colour": Task(
        ("pixels:mouth",),
        ("pixels:~mouth@0.0001", "relative-landmarks:mouth@0.001"),
        margin=0.03,
    ),
    "face_colour": Task(("colour:skin",), ("colour:~skin@0.001",)),
    "eye_photometry": Task(("pixels:eyes",), ("pixels:~eyes@0.001",), margin=0.06),
    "hair_photometry": Task(("pixels:hair",), ("pixels:~hair@0.002",), margin=0.06),
    "identity_ablation": Task(
        ("landmarks:skin",),
        (
            "landmarks:eyes+brows+mouth@0.01",
            "appearance:skin+eyes+mouth@0.01",
            "score:skin_colour+hair_colour+eye_colour+age_lines@0.01",
        ),
        form="late",
    ),
}

FACES: Mapping[str, Task] = {
    "face_boundary": Task(("landmarks:jaw",), ("landmarks:~jaw@0.01", "appearance:face@0.003")),
    "eye_boundary": Task(
        ("landmarks:eyes",), ("landmarks:~eyes@0.01", "pixels:skin+brows+nose+mouth@0.002")
    ),
    "mouth_shape": Task(
        ("relative-landmarks:mouth",),
        ("relative-landmarks:~mouth@0.01", "appearance:skin+brows+nose+eyes@0.01"),
        form="late",
        keep=0.02,
    ),
    "lip_colour": Task(
        ("pixels:mouth",),
        ("pixels:~mouth@0.0001", "relative-landmarks:mouth@0.001"),
        margin=0.03,
    ),
    "face_colour": Task(("colour:skin",), ("colour:~skin@0.001",)),
    "eye_photometry": Task(("pixels:eyes",), ("pixels:~eyes@0.001",), margin=0.06),
    "hair_photometry": Task(("pixels:background",), ("pixels:face@0.002",)),
    "identity_ablation": Task(
        ("landmarks:jaw",),
        ("landmarks:~jaw@0.01", "appearance:face@0.01", "identity@0.01"),
        form="late",
    ),
}
