"""Criterions on small models: what is measured, and what is not."""

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix import criterions
from directrix.criterions import Scene
from directrix.errors import InvalidField, NeedsUnmet
from directrix.predictors import Predictor
from tests.contract import models

CPU = torch.device("cpu")


def scene(*networks: str, **settings: object) -> Scene:
    made: list[Predictor] = [models.predictor(name) for name in networks]
    deviations = np.ones(sum(len(network.scorers) for network in made))
    return Scene(tuple(made), **({"deviations": deviations} | settings))


def pictures(count: int, side: int, channels: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, side, side, generator=chance) * 2 - 1


GREY = scene("segmenter", "convolutional")
FACES = scene("face-landmarks", "face-identity")
ALL = {
    "grey": (
        GREY,
        pictures(3, 12, 1),
        (
            *("pixels", "pixels:boot", "pixels:~boot", "landmarks", "landmarks:bag"),
            *("relative-landmarks:boot+bag", "appearance", "colour:boot", "colour:~boot"),
            *("frequency:high", "frequency:~high", "score:small-classifier/bag"),
        ),
    ),
    "faces": (
        FACES,
        pictures(3, 16, 3),
        (
            *("pixels:mouth", "pixels:~face", "landmarks:jaw", "landmarks:~jaw"),
            *("relative-landmarks:mouth", "appearance:face", "colour:skin", "colour:~skin"),
            *("frequency:high", "identity", "score:smile", "score:~smile+yaw"),
        ),
    ),
}
CASES = [(world, text) for world, (_, _, texts) in ALL.items() for text in texts]


@pytest.mark.parametrize(("world", "text"), CASES)
def test_measures_are_differentiable_rows_of_their_own(world: str, text: str) -> None:
    """A picture's measure depends on itself and the reference alone, in both modes of slopes."""
    seen, images, _ = ALL[world]
    measure = criterions.parse(text, seen).at(images[0])
    together = measure(images)
    assert together.shape[0] == 3 and together.dim() == 2 and together.shape[1] > 0
    alone = torch.cat([measure(image[None]) for image in images])
    assert alone.numpy() == pytest.approx(together.numpy(), abs=1e-4)
    tangent = pictures(1, images.shape[2], images.shape[1], seed=1)[0]
    forward = torch.func.jvp(lambda x: measure(x[None])[0], (images[0],), (tangent,))[1]
    value, backward = torch.func.vjp(lambda x: measure(x[None])[0], images[0])
    along = (backward(torch.ones_like(value))[0] * tangent).sum()
    assert float(forward.sum()) == pytest.approx(float(along), rel=1e-3, abs=1e-3)
    assert forward.abs().max() > 0


def test_every_kind_is_covered() -> None:
    kinds = {text.partition(":")[0] for _, text in CASES}
    assert kinds == set(criterions.names())


# ---- each one's own


def test_pixels_inside_and_outside_make_the_whole() -> None:
    image = pictures(1, 12, 1)[0]
    inside, outside, whole = (
        criterions.parse(t, GREY).at(image)(image[None]).sum()
        for t in ("pixels:boot", "pixels:~boot", "pixels")
    )
    # Pixels whose mask is below 0.001 are left out.
    assert float(inside + outside) == pytest.approx(float(whole), abs=0.1)


def test_pixels_are_compared_at_the_side_that_is_asked_for() -> None:
    image = pictures(1, 12, 1)[0]
    small = scene("segmenter", side=4)
    assert criterions.parse("pixels", small).at(image)(image[None]).shape == (1, 16)
    assert criterions.parse("colour:~boot", small).at(image)(image[None]).shape == (1, 16)


def test_margins_grow_and_shrink_masks() -> None:
    image = pictures(1, 16, 3)[0]
    sizes = []
    for margin in (-0.13, 0.0, 0.13):
        seen = scene("face-landmarks", margin=margin)
        mouth = seen.parts.names.index("mouth")
        sizes.append(float(seen.region(image, (mouth,)).sum()))
    assert sizes[0] < sizes[1] < sizes[2]


def test_relative_landmarks_do_not_see_where_a_group_lies() -> None:
    image = pictures(1, 16, 3)[0]
    found = criterions.parse("relative-landmarks:mouth", FACES).at(image)(image[None])
    assert found.reshape(-1, 2).mean(0).abs().max() < 1e-4


def test_colour_is_the_mean_of_the_region_and_the_rest_does_not_see_it() -> None:
    image = pictures(1, 16, 3)[0]
    colour = criterions.parse("colour:skin", FACES).at(image)
    rest = criterions.parse("colour:~skin", FACES).at(image)
    skin = FACES.region(image, (FACES.parts.names.index("skin"),))
    tinted = image + 0.2 * skin
    moved = colour(tinted[None]) - colour(image[None])
    assert moved.numpy() == pytest.approx(0.2, abs=1e-5)
    assert (rest(tinted[None]) - rest(image[None])).abs().max() < 1e-5


def test_appearance_of_the_reference_is_the_reference() -> None:
    image = pictures(1, 16, 3)[0]
    found = criterions.parse("appearance", FACES).at(image)(image[None])
    assert found.numpy() == pytest.approx(image.flatten()[None].numpy(), abs=1e-3)


def test_high_and_low_frequencies_make_the_whole() -> None:
    image = pictures(1, 12, 1)[0]
    high, low = (
        criterions.parse(t, GREY).at(image)(image[None])
        for t in ("frequency:high", "frequency:~high")
    )
    assert (high + low).numpy() == pytest.approx(image.flatten()[None].numpy(), abs=1e-6)
    flat = torch.full_like(image, 0.3)
    assert criterions.parse("frequency:high", GREY).at(flat)(flat[None]).abs().max() < 1e-6


def test_identity_has_unit_length() -> None:
    image = pictures(1, 16, 3)[0]
    found = criterions.parse("identity", FACES).at(image)(image[None])
    assert float(found.norm()) == pytest.approx(1, abs=1e-5)


def test_scores_are_told_in_sd_without_constant_ones() -> None:
    image = pictures(1, 12, 1)[0]
    plain, scaled = (
        criterions.parse("score", scene("convolutional", deviations=np.array(d))).at(image)
        for d in ([1.0, 1.0, 1.0], [2.0, 0.0, 4.0])
    )
    first, second = plain(image[None])[0], scaled(image[None])[0]
    assert second.numpy() == pytest.approx((first[[0, 2]] / torch.tensor([2.0, 4.0])).numpy())


def test_moment_points_follow_their_part() -> None:
    """The middle of a mask and its ends two SD away, where the part is an ellipse: its edge."""
    from directrix.criterions.moment_points import MomentPoints

    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    ellipse = (((x - 30) / 12) ** 2 + ((y - 24) / 6) ** 2 <= 1).double()

    class Drawn:
        scorers = ("ground", "ellipse")

        def masks(self, images: Tensor) -> Tensor:
            return torch.stack([1 - ellipse, ellipse])[None]

    points = MomentPoints(Drawn()).points(torch.zeros(1, 1, 64, 64))[0, 5:]
    wanted = [[30, 24], [18, 24], [42, 24], [30, 18], [30, 30]]
    assert points.numpy() == pytest.approx(np.array(wanted, float), abs=0.5)


# ---- refusals


def test_names_that_nobody_knows_are_refused() -> None:
    image = pictures(1, 12, 1)[0]
    with pytest.raises(InvalidField, match="no criterion is called 'taste'"):
        criterions.parse("taste", GREY)
    with pytest.raises(InvalidField, match="does not say what is left out"):
        criterions.parse("pixels:~", GREY)
    with pytest.raises(InvalidField, match="no part is called 'tail': there are shirt, boot, bag"):
        criterions.parse("pixels:tail", GREY).at(image)
    with pytest.raises(InvalidField, match="nothing is left but"):
        criterions.parse("landmarks:~shirt+boot+bag", GREY).at(image)
    with pytest.raises(InvalidField, match="high and ~high"):
        criterions.parse("frequency:middle", GREY).at(image)


def test_what_no_predictor_sees_is_refused() -> None:
    image, seen = pictures(1, 12, 1)[0], scene("convolutional")
    for text in ("pixels:mouth", "landmarks", "identity"):
        with pytest.raises(NeedsUnmet):
            criterions.parse(text, seen).at(image)
