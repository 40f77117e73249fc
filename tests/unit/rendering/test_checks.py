"""What a recipe must not ask for, and what is said about it."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.errors import (
    DirectrixError,
    FindingMismatch,
    FindingSetNotFound,
    InvalidField,
    LayerInvalid,
    PredictorMismatch,
    SpaceUnavailable,
)
from directrix.types import (
    Direction,
    FindingRef,
    ImageSource,
    Intervention,
    Latent,
    LatentSource,
    Move,
    Operation,
    Space,
    Subspace,
    Units,
    Walk,
)
from tests.contract import models
from tests.unit.rendering.world import (
    LAYERED,
    STYLE_FINDINGS,
    World,
    move,
    other_latent,
    ramp,
    unit,
)

BAD_MOVES = [
    (move(11), InvalidField, "0 to 10"),
    (move(-1), InvalidField, "0 to 10"),
    (Move(FindingRef("lost", 0), 1.0), FindingSetNotFound, "lost"),
    (move(5, coefficients=(1.0,)), InvalidField, "2 coefficients, not 1"),
    (move(1, coefficients=(1.0,)), InvalidField, "0 coefficients, not 1"),
    (move(5, coefficients=(np.nan, 1.0)), InvalidField, "coefficients are numbers"),
    (move(1, layers=(6,)), LayerInvalid, "0 to 5"),
    (move(1, layers=(1, 1)), LayerInvalid, "different"),
    (move(4, layers=(1,)), LayerInvalid, "not for one in s"),
    (move(0, layers=(1,)), LayerInvalid, "not for one in z"),
    (move(1, mask=np.ones((3, 3))), InvalidField, "12 x 12, not 3 x 3"),
    (move(1, walk=Walk.CONDITIONAL), InvalidField, "needs conditions"),
    (move(7, walk=Walk.GREAT_CIRCLE), InvalidField, "units act on features"),
]


@pytest.mark.parametrize(("bad", "kind", "message"), BAD_MOVES)
def test_moves_that_cannot_be_are_refused_before_any_work(world, bad, kind, message):
    with pytest.raises(kind, match=message):
        world.renderer.plan(world.recipe(bad))


@pytest.mark.parametrize(
    ("finding", "kind", "message"),
    [
        (Direction(Space.W, unit(9, 0), 1.0), InvalidField, r"\[9\] does not fit w"),
        (Direction(Space.W_PLUS, LAYERED[:5], 1.0), InvalidField, r"\[5, 8\]"),
        (Direction(Space.W, unit(8, 0), 1e7), InvalidField, "unit is longer"),
        (Subspace(Space.W, np.eye(7)[:1], np.ones(1)), InvalidField, r"\[7\]"),
        (ramp(Space.Z, 8), InvalidField, r"\[8\] does not fit z"),
        (Intervention(Space.S, [49], [1.0], Operation.SET), InvalidField, "0 to 48, not 49"),
        (Units("nowhere", [0], [1.0]), LayerInvalid, "b4_conv1"),
        (Units("b8_conv0", [6], [1.0]), InvalidField, "0 to 5, not 6"),
    ],
)
def test_findings_that_do_not_fit_are_refused(finding, kind, message):
    world = World("style", (finding,))
    settings = {"coefficients": (1.0,)} if isinstance(finding, Subspace) else {}
    with pytest.raises(kind, match=message):
        world.renderer.plan(world.recipe(move(0, **settings)))


def test_conditions_that_leave_nothing_are_refused(world):
    same = (FindingRef("found", 1),)
    with pytest.raises(InvalidField, match="not separable"):
        world.renderer.plan(world.recipe(move(1, walk=Walk.CONDITIONAL), conditions=same))
    for wrong, message in ((0, "in z"), (7, "not a units"), (6, "not a field in w")):
        with pytest.raises(InvalidField, match=message):
            world.renderer.plan(
                world.recipe(
                    move(1, walk=Walk.CONDITIONAL), conditions=(FindingRef("found", wrong),)
                )
            )


def test_there_is_no_way_back_from_a_later_source(world):
    styles = other_latent(Space.S, 49, world=world)
    with pytest.raises(SpaceUnavailable, match="latent in s, which lies after w"):
        world.renderer.plan(world.recipe(move(1), source=styles))
    with pytest.raises(SpaceUnavailable, match="latent in w, which lies after z"):
        world.renderer.plan(world.recipe(move(0), source=other_latent(Space.W, 8, world=world)))
    flat = World("dcgan", (Direction(Space.W, unit(8, 0), 1.0),))
    with pytest.raises(SpaceUnavailable, match="it has z"):
        flat.renderer.plan(flat.recipe(move(0)))


def test_what_belongs_to_another_generator_is_refused(world):
    with pytest.raises(FindingMismatch, match="recipe is for generator other"):
        world.renderer.plan(replace(world.recipe(), generator="other"))
    with pytest.raises(FindingMismatch, match="belongs to generator other"):
        world.renderer.plan(world.recipe(source=other_latent(Space.W, 8, "other")))
    foreign = World("style", STYLE_FINDINGS)
    found = foreign.sets["found"]
    provenance = found.provenance.model_copy(update={"generator": "other"})
    foreign.sets["found"] = replace(found, provenance=provenance)
    with pytest.raises(FindingMismatch, match="was found in generator other"):
        foreign.renderer.plan(foreign.recipe(move(1)))
    with pytest.raises(PredictorMismatch, match="12 x 12"):
        World("dcgan", (), [models.predictor("linear")])


@pytest.mark.parametrize(
    ("space", "shape", "kind"),
    [
        (Space.W, (1, 9), InvalidField),
        (Space.W_PLUS, (1, 5, 8), InvalidField),
        (Space.S, (1, 8), InvalidField),
    ],
)
def test_latents_of_the_wrong_shape_are_refused(world, space, shape, kind):
    latent = Latent(space, world.digest, np.zeros(shape))
    for attempt in (
        lambda: world.renderer.score(latent),
        lambda: world.renderer.plan(world.recipe(source=LatentSource(latent))),
    ):
        with pytest.raises(kind, match="has shape"):
            attempt()
    huge = Latent(Space.W, world.digest, np.full((1, 8), 1e7))
    with pytest.raises(InvalidField, match="values lie"):
        world.renderer.score(huge)


def test_a_picture_has_to_be_inverted_first(world):
    with pytest.raises(InvalidField, match="invert the image first"):
        world.renderer.plan(world.recipe(source=ImageSource("digest")))
    with pytest.raises(InvalidField, match="truncation"):
        world.renderer.sample(0, 0, 1, Space.W, float("nan"))


def test_errors_leave_the_renderer_as_it_was(world):
    before = world.image(move(7))
    for bad, _, _ in BAD_MOVES:
        with pytest.raises(DirectrixError):
            world.renderer.plan(world.recipe(bad))
    assert np.array_equal(world.image(move(7)), before)
