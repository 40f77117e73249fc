"""The avatars' recipes on tiny budgets: whole model folders that load and carry their figures."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from directrix import generators, predictors
from directrix.model_files import read_model
from directrix.predictors.segmenter import SegmenterPredictor
from directrix.types import Space
from directrix.zoo.avatars import recipe, rulers
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.generators import (
    AIDS,
    CONFIG,
    DIALS,
    Aid,
    Part,
    Plan,
    train_aids,
    train_generator,
)
from directrix.zoo.avatars.layers import PARTS
from directrix.zoo.avatars.predictors import RECIPES, train_predictor
from directrix.zoo.avatars.renderer import draw
from directrix.zoo.avatars.settling import Settlement
from directrix.zoo.avatars.supervision import CLASSES, Supervision
from directrix.zoo.style_training import Schedule

CPU = torch.device("cpu")
BRIEF = Supervision(steps=2, batch=8)
SCHEDULE = Schedule(images=32, batch=8, critic=(4, 4, 4, 4), penalty_every=2)
PLAN = Plan(
    first=SCHEDULE,
    matched=(Part(SCHEDULE, 1, 4.0), Part(SCHEDULE, 2, 24.0)),
    last=Settlement(images=32, batch=8, shown=64),
    data=64,
)
BRIEF_AIDS = tuple(Aid(each.config, BRIEF) for each in AIDS)
OUTPUTS = {"regressor": NAMES, "classifier": CLASSES, "segmenter": PARTS}


def silent(line: str) -> None:
    assert line


@pytest.mark.parametrize("item", RECIPES, ids=[item.name for item in RECIPES])
def test_every_predictor_becomes_a_model_folder(item, tmp_path: Path):
    truth = draw(1, 0, 40)
    train_predictor(replace(item, plan=BRIEF), tmp_path, silent, truth)
    card, arrays = read_model(tmp_path / item.name)
    predictor = predictors.build(card, arrays, CPU)
    assert predictor.scorers == OUTPUTS[card.task]
    assert predictor.scores(torch.from_numpy(truth.images)).shape == (40, len(predictor.scorers))
    assert card.metrics and all("held-out" in metric.judge for metric in card.metrics)
    assert card.training_data.startswith("16 drawn avatars")
    assert isinstance(predictor, SegmenterPredictor) == (card.task == "segmenter")


def test_twins_differ_in_widths_seed_and_disturbance():
    pairs = list(zip(RECIPES[::2], RECIPES[1::2], strict=True))
    assert len(pairs) == 3
    for one, twin in pairs:
        assert one.kind is twin.kind
        assert one.config != twin.config and one.seed != twin.seed and one.plan != twin.plan


@pytest.mark.slow
def test_a_generator_is_trained_with_help_and_measured(tmp_path: Path):
    aids = train_aids(3, silent, BRIEF_AIDS)
    name = "avatar-generator-r80"
    network = train_generator(name, aids, aids, tmp_path / "work", 0, silent, PLAN)
    judge = predictors.build(*_regressor(tmp_path), CPU)
    arrays = {k: v.detach().clone().numpy() for k, v in network.state_dict().items()}
    generator = generators.build(recipe.card_of(name), arrays, CPU)
    found = recipe.measure(generator, judge, DIALS[name], samples=60)
    assert set(found) == {
        "ks_max",
        *(f"ks_{factor}" for factor in NAMES),
        *(
            f"phi_{where}_{pair}"
            for where in ("data", "generated")
            for pair in ("age_lines-glasses", "hair_colour-lip_colour")
        ),
    }
    assert found["ks_max"] == max(v for k, v in found.items() if k.startswith("ks_"))
    images = rulers.generated(generator, 1, 5)
    assert images.shape == (5, 3, 32, 32) and images.abs().max() <= 1
    assert generator.dimension(Space.W) == CONFIG.w_dim


@pytest.mark.slow
def test_the_highest_dial_begins_with_the_first_part_of_another(tmp_path: Path):
    aids, name = train_aids(3, silent, BRIEF_AIDS), "avatar-generator-r95"
    train_generator(name, aids, aids, tmp_path, 0, silent, PLAN)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "avatar-generator-r80.pt",
        "avatar-generator-r95-2.pt",
        "avatar-generator-r95-3.pt",
        "avatar-generator-r95-last.pt",
    ]
    assert "first part of avatar-generator-r80" in recipe.card_of(name).notes
    assert "Begun" not in recipe.card_of("avatar-generator-r80").notes


def _regressor(folder: Path):
    train_predictor(replace(RECIPES[0], plan=BRIEF), folder, silent, draw(1, 0, 40))
    return read_model(folder / RECIPES[0].name)
