"""Explanations of an ONNX graph: those of the network that it was made of, and no gradients."""

import numpy as np
import pytest

from directrix import foreign, generators, predictors
from directrix.archive import finding_set_digest
from directrix.counterfactuals import EXPLAINERS, Question, explain
from directrix.errors import NeedsUnmet
from directrix.model_files import read_model
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Direction, FindingSet, Provenance, Recipe, SeedSource, Space, Status
from tests.conftest import ROOT
from tests.contract.clothes_file import FOLDER, clothes_facts, clothes_file
from tests.contract.models import CPU

GENERATOR = generators.build(*read_model(ROOT / "directrix/zoo/models/fashion-generator"), CPU)
(WIDTH,) = {each.dimension for each in GENERATOR.card.spaces if each.space is Space.W}
CARD, ARRAYS = read_model(FOLDER)
ONNX = predictors.build(*foreign.onnx_model(clothes_file(), clothes_facts()), CPU)
OPAQUE = predictors.build(CARD.model_copy(update={"differentiable": False}), ARRAYS, CPU)


def findings() -> FindingSet:
    """Eight directions of W by chance, 3 SD of a coordinate long."""
    rows = np.random.default_rng(3).standard_normal((8, WIDTH))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    provenance = Provenance(method="hand", version="1", generator=GENERATOR.card.digest)
    return FindingSet(tuple(Direction(Space.W, row, 3.0) for row in rows), provenance)


FINDINGS = findings()
SLOW = pytest.mark.slow  # they look at every channel, twice
DIGEST = finding_set_digest(FINDINGS)


def asked(predictor: Predictor, name: str):
    renderer = Renderer(GENERATOR, (predictor,), {DIGEST: FINDINGS}.__getitem__)
    recipe = Recipe(GENERATOR.card.digest, SeedSource(0, 9))
    question = Question(recipe, DIGEST, budget=3000)
    return explain(question, renderer, explainer=EXPLAINERS[name])


@pytest.mark.parametrize(
    "name",
    ["bisection", "sparse", *(pytest.param(name, marks=SLOW) for name in ("attfind", "channels"))],
)
def test_a_graph_is_explained_as_the_network_is(name: str) -> None:
    found, expected = asked(ONNX, name), asked(OPAQUE, name)
    assert found.status is expected.status is Status.FOUND
    assert [m.index for m in found.moved] == [m.index for m in expected.moved]
    assert found.distance_sd == pytest.approx(expected.distance_sd, rel=0.02)


@pytest.mark.parametrize("name", ["descent", "gradient", "gradient_w_plus", "latent_descent"])
def test_no_explainer_gets_a_gradient_of_it(name: str) -> None:
    with pytest.raises(NeedsUnmet):
        asked(ONNX, name)
