"""DP-LaSE: spaces, walks, what it refuses, what it warns of, channel subspaces."""

import warnings
from collections.abc import Mapping

import numpy as np
import pytest

from directrix import methods
from directrix.archive import finding_set_digest
from directrix.errors import InvalidField, LayerInvalid, NeedsUnmet, SpaceUnavailable
from directrix.methods.dplase import DpLaSE, LatentNormalised
from directrix.types import Direction, FindingSet, Space, Units
from tests.contract.toys import DIMENSION, linear_world, style_world

QUICK = {"steps": 5, "batch": 4, "components": 3}


def fit(world, **params: object) -> FindingSet:
    return DpLaSE(methods.parse("dplase", QUICK | params)).fit(world.problem())


@pytest.mark.parametrize("form", ["free", "gram_schmidt", "exponential"])
def test_the_largest_entry_is_positive_and_units_are_one_sd(form: str) -> None:
    for finding in fit(linear_world(), form=form).findings:
        assert isinstance(finding, Direction)
        assert finding.vector[np.abs(finding.vector).argmax()] > 0
        assert finding.scale == pytest.approx(1, abs=1e-5)


def test_there_are_no_more_directions_than_dimensions() -> None:
    assert len(fit(linear_world(), components=64)) == DIMENSION


def test_one_direction_is_found_too() -> None:
    assert len(fit(linear_world(), components=1)) == 1


def test_directions_are_ranked_by_their_change() -> None:
    told = [float(h.split("change ")[1].split(",")[0]) for h in fit(linear_world()).hints]
    assert told == sorted(told, reverse=True)


def test_style_based_generators_are_searched_in_w() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit(style_world())
    assert {finding.space for finding in found.findings} == {Space.W}


@pytest.mark.parametrize("walk", ["auto", "great_circle"])
def test_a_normalised_z_is_warned_of(walk: str) -> None:
    with pytest.warns(LatentNormalised, match="in w"):
        found = fit(style_world(), space="z", walk=walk)
    assert all("the walk changes nothing" in hint for hint in found.hints)


def test_no_warning_for_a_linear_walk_or_an_honest_z() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(style_world(), space="z", walk="linear")
        assert "nothing" not in fit(linear_world()).hints[0]


def test_walks_on_a_sphere_are_refused_in_w() -> None:
    with pytest.raises(InvalidField, match="level_set"):
        fit(style_world(), space="w", walk="norm_preserving")


@pytest.mark.slow
@pytest.mark.parametrize("walk", ["great_circle", "linear", "level_set"])
def test_every_walk_finds_directions(walk: str) -> None:
    assert len(fit(linear_world(), walk=walk)) == 3


def test_unknown_layers_and_spaces_are_refused() -> None:
    with pytest.raises(LayerInvalid, match="plane"):
        fit(linear_world(), features=["b8"])
    with pytest.raises(SpaceUnavailable):
        fit(linear_world(), space="w")


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["ridge", "trained"])
def test_channel_subspaces_share_out_a_layer(expression: str) -> None:
    found = fit(style_world(), subspaces=2, expression=expression, grouping="activations")
    units = [f for f in found.findings if isinstance(f, Units)]
    assert len(units) == 2
    assert len(found) == len(found.hints) == 5
    channels = np.concatenate([u.channels for u in units])
    assert len(np.unique(channels)) == len(channels) <= 8
    assert "moved most by direction" in found.hints[-1]


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["ridge", "trained"])
def test_every_direction_has_subspaces_of_its_own(expression: str) -> None:
    found = fit(style_world(), subspaces=2, expression=expression)
    assert len(found) == len(found.hints) == 9
    for place in range(3):
        own = [
            finding.channels
            for finding, hint in zip(found.findings, found.hints, strict=True)
            if isinstance(finding, Units) and hint.endswith(f"by direction {place}")
        ]
        channels = np.concatenate(own)
        assert len(own) == 2
        assert len(np.unique(channels)) == len(channels) <= 8


@pytest.mark.slow
def test_parameters_change_what_is_found() -> None:
    digests = {
        finding_set_digest(fit(style_world(), **params))
        for params in (
            {},
            {"cosine": "channels"},
            {"normalise": False},
            {"stride": 2.0},
            {"start": "random"},
        )
    }
    assert len(digests) == 5


CHANNELS = {"subspaces": 2, "scorers": ["a", "c"], "features": ["b8_conv0"]}


@pytest.mark.slow
def test_every_scorer_has_channels_of_its_own() -> None:
    found = fit(style_world(), **CHANNELS)
    units = [f for f in found.findings if isinstance(f, Units)]
    assert len(found) == len(found.hints) == 3 + len(units)
    assert [hint.split(" channels, ")[1].split()[0] for hint in found.hints[3:]] == ["a", "c"]
    assert "along direction" in found.hints[-1]


@pytest.mark.slow
def test_channels_of_scorers_depend_on_who_judges() -> None:
    world = style_world()
    assert fit(world).provenance.predictors == ()
    assert fit(world, **CHANNELS).provenance.predictors == (world.predictor.card.digest,)


@pytest.mark.parametrize(
    "wrong", [{"scorers": ["nose"]}, {"subspaces": 0}, {"grouping": "activations"}]
)
def test_channels_of_scorers_need_groups_and_known_names(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidField) as raised:
        fit(style_world(), **(CHANNELS | wrong))
    assert raised.value.field == "parameters.scorers"


def test_channels_of_scorers_need_predictors() -> None:
    params = methods.parse("dplase", QUICK | CHANNELS)
    with pytest.raises(NeedsUnmet, match="dplase"):
        DpLaSE(params).fit(style_world().problem(networks=()))


@pytest.mark.slow
def test_channels_of_scorers_are_recalled_from_a_checkpoint() -> None:
    class Kept:
        state: Mapping[str, np.ndarray] | None = None
        saves = 0

        def load(self) -> Mapping[str, np.ndarray] | None:
            return self.state

        def save(self, state: Mapping[str, np.ndarray]) -> None:
            self.state, self.saves = dict(state), self.saves + 1

    kept, params = Kept(), methods.parse("dplase", QUICK | CHANNELS)
    first = DpLaSE(params).fit(style_world().problem(checkpoint=kept))
    saves = kept.saves
    again = DpLaSE(params).fit(style_world().problem(checkpoint=kept))
    assert finding_set_digest(again) == finding_set_digest(first)
    assert kept.saves == saves > 3
