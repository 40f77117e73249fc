import numpy as np
import pytest

from directrix.wire.differences import COOL, FULL, WARM, difference


def grey(value: int) -> np.ndarray:
    return np.full((1, 1, 1), value, np.uint8)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (7, 7, (255, 255, 255)),
        (0, int(FULL), WARM),
        (255, 0, COOL),
        (0, int(FULL) // 2, tuple(round((255 + ink) / 2 - 1e-9) for ink in WARM)),
    ],
)
def test_brighter_is_warm_and_darker_is_cool(
    before: int, after: int, wanted: tuple[int, ...]
) -> None:
    shown = difference(grey(before), grey(after))
    assert shown.shape == (1, 1, 3) and shown.dtype == np.uint8
    assert shown[0, 0].astype(int) == pytest.approx(wanted, abs=1)


def test_a_change_of_colour_alone_lies_between_the_two() -> None:
    red, green = (np.uint8([[[*colour, 0]]]) for colour in ((200, 0), (0, 200)))
    wanted = [round((warm + cool) / 2) for warm, cool in zip(WARM, COOL, strict=True)]
    shown = difference(red, green)[0, 0].astype(int)
    strength = 400 / 3 / FULL
    assert strength > 1 and shown == pytest.approx(wanted, abs=1)
