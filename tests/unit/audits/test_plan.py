"""Whole audits of linear classifiers of a linear generator, whose answers are known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.archive import model_digest
from directrix.audits import AuditPlan, AuditQuestion, Scores, audit, predict_flips
from directrix.errors import FindingMismatch, InvalidField
from directrix.generators import build
from directrix.generators import linear as linear_generator
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.types import Direction, FindingSet, ImageCard, Provenance, Space, SpanVerdict
from tests.contract.toys import CPU

IMAGE = ImageCard(channels=1, height=8, width=8)
AXES, TRUE, CHEAT, DECOY, NOTHING = 6, 0, 1, 2, 4


def world() -> tuple[object, dict[str, np.ndarray]]:
    chance = np.random.Generator(np.random.Philox(2))
    matrix = np.linalg.qr(chance.standard_normal((64, AXES)))[0].astype(np.float32) * 0.8
    arrays = {"A": matrix, "b": np.zeros(64, np.float32)}
    card = linear_generator.card("toy", IMAGE, AXES)
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    return build(card, arrays, CPU), arrays


GENERATOR, ARRAYS = world()


def classifier(*weights: float) -> Predictor:
    """Says b where a sum of the latent's coordinates is above 0."""
    row = np.zeros(AXES)
    row[: len(weights)] = weights
    tensors = linear_predictor.reading(ARRAYS, np.stack([-row, row]))
    card = linear_predictor.card("reader", IMAGE, ("a", "b"))
    card = card.model_copy(update={"digest": model_digest(card, tensors)})
    return linear_predictor.build(card, tensors, CPU)


def findings() -> FindingSet:
    """The axes, and after the second one a mixture of it with the third."""
    rows = np.eye(AXES)
    mixed = (rows[1] + rows[2]) / np.sqrt(2)
    vectors = [rows[0], rows[1], mixed, *rows[2:]]
    made = Provenance(method="hand", version="1", generator=GENERATOR.card.digest)
    return FindingSet(tuple(Direction(Space.Z, v, 1.0) for v in vectors), made)


QUESTION = AuditQuestion(
    (findings(),), 0, reference=1, rival=1, samples=40, random_findings=20, explained=2, pairs=2
)
PREDICTORS = (classifier(1, 1), classifier(1, 0))


@pytest.fixture(scope="module")
def answer():
    return audit(QUESTION, GENERATOR, PREDICTORS)


def test_what_the_reference_does_not_rely_on_is_accused_and_its_decoy_is_not(answer) -> None:
    assert [row.finding.index for row in answer.accused] == [CHEAT]
    assert answer.reliance[0].finding.index == CHEAT
    rows = {row.finding.index: row for row in answer.reliance}
    assert rows[DECOY].beyond.value > 0.5 * rows[CHEAT].beyond.value
    assert rows[DECOY].partial < 0.3
    assert rows[TRUE].variation.value == pytest.approx(rows[CHEAT].variation.value, abs=0.03)
    assert rows[TRUE].beyond.value < 0.1
    assert rows[NOTHING].variation.value < 0.02


def test_the_size_of_what_is_beyond_is_in_sd_of_the_log_odds(answer) -> None:
    rows = {row.finding.index: row for row in answer.reliance}
    low, high = rows[CHEAT].beyond.interval
    assert rows[CHEAT].beyond.value == pytest.approx(
        1.0, abs=0.15
    )  # sqrt 2 classes, 1 of sqrt 2 SD
    assert low <= rows[CHEAT].beyond.value <= high


def test_reliance_has_the_sign_of_the_weights(answer) -> None:
    rows = {row.finding.index: row for row in answer.reliance}
    assert rows[CHEAT].effect[1] > 0.2
    assert rows[CHEAT].effect[0] == pytest.approx(-rows[CHEAT].effect[1])


def test_a_classifier_like_its_reference_is_not_accused() -> None:
    same = replace(QUESTION, classifier=1, explained=0)
    assert audit(same, GENERATOR, PREDICTORS).accused == ()


def test_allowed_findings_and_scores_are_not_accused() -> None:
    question = replace(QUESTION, explained=0, rival=None)
    assert audit(replace(question, allowed=((0, CHEAT),)), GENERATOR, PREDICTORS).accused == ()
    both = replace(question, reference=None, allowed_scores=(Scores(0, ("b",)),))
    assert audit(both, GENERATOR, PREDICTORS).accused == ()


def test_nobody_is_accused_where_nothing_is_said_of_what_is_allowed() -> None:
    question = replace(QUESTION, reference=None, explained=0)
    found = audit(question, GENERATOR, PREDICTORS)
    assert {row.accused for row in found.reliance} == {None}
    assert found.accused == ()


def test_flips_lie_where_the_margin_crosses(answer) -> None:
    best = next(row for row in answer.flips if row.source == "a" and row.target == "b")
    assert best.finding.index in (TRUE, CHEAT, DECOY)
    assert best.share > 0.8
    assert answer.directions[0].share.value > 0.7


def test_flips_that_have_to_be_sure_are_fewer_and_farther(answer) -> None:
    """Reliance goes by classes, and stays. What was not asked for is not written down."""
    question = replace(QUESTION, explained=0, rival=None)
    sure = audit(replace(question, target_probability=0.95), GENERATOR, PREDICTORS)
    before = {(f.finding, f.source, f.target, f.group): f for f in answer.flips}
    after = {(f.finding, f.source, f.target, f.group): f for f in sure.flips}
    both = before.keys() & after.keys()
    assert both and all(after[key].share <= before[key].share for key in both)
    assert sum(after[key].share for key in both) < sum(before[key].share for key in both)
    assert sure.reliance == answer.reliance and sure.target_probability == 0.95
    assert sure.directions != answer.directions
    assert "target_probability" not in answer.model_dump(mode="json")


def test_explanations_end_with_their_budget() -> None:
    question = replace(QUESTION, rival=None, reference=None, budget=3)
    short = audit(question, GENERATOR, PREDICTORS).stability
    assert short is not None and (short.asked, short.pairs) == (2, 0)


def test_explanations_of_like_pictures_are_alike(answer) -> None:
    assert answer.stability.asked == 2
    assert answer.stability.pairs >= 1
    assert answer.stability.jaccard.value > 0.4


def test_the_rival_differs_where_it_relies_on_less(answer) -> None:
    changed = {row.finding.index: row.variation for row in answer.differences}
    assert changed[CHEAT].interval[0] > 0.1
    assert changed[NOTHING].value == pytest.approx(0, abs=0.02)


def test_flips_of_another_classifier_are_foretold(answer) -> None:
    model = answer.flip_models[0]
    plan = AuditPlan(
        replace(QUESTION, samples=150, seed=9), GENERATOR, (classifier(1.1, 0.9), *PREDICTORS[1:])
    )
    walks = plan.walks
    before, said = walks.look([walks.recipe(i) for i in range(150)], lambda: None)
    step = ((model.stride.finding.index, model.stride.alpha),)
    _, then = walks.look([walks.recipe(i, step) for i in range(150)], lambda: None)
    flipped = said[:, :2].argmax(1) != then[:, :2].argmax(1)
    scores = predict_flips(model, before)
    assert scores[flipped].mean() > scores[~flipped].mean()


def test_units_that_are_kept_give_the_same_audit(answer) -> None:
    class Kept:
        def __init__(self) -> None:
            self.state: dict[str, np.ndarray] = {}
            self.saves = 0

        def load(self):
            return self.state

        def save(self, state) -> None:
            self.state = dict(state)
            self.saves += 1

    class Halted(Exception):
        pass

    def halt(done: int, total: int, note: str = "") -> None:
        if done == 5:
            raise Halted

    kept = Kept()
    with pytest.raises(Halted):
        audit(QUESTION, GENERATOR, PREDICTORS, progress=halt, checkpoint=kept)
    assert kept.saves == 5
    again = audit(QUESTION, GENERATOR, PREDICTORS, checkpoint=kept)
    assert again.model_dump_json() == answer.model_dump_json()


def test_images_that_the_generator_makes_are_inside_its_span() -> None:
    plan = AuditPlan(replace(QUESTION, explained=0), GENERATOR, PREDICTORS)
    latents = plan.walks.renderer.sample(5, 0, 20, Space.Z)
    images = plan.walks.look([plan.walks.recipe(i) for i in range(20)], lambda: None)[0]
    seen = replace(QUESTION, explained=0, samples=20)
    own = AuditPlan(replace(seen, latents=latents), GENERATOR, PREDICTORS)
    images = own.walks.look([own.walks.recipe(i) for i in range(20)], lambda: None)[0]
    found = audit(replace(seen, latents=latents, images=images), GENERATOR, PREDICTORS)
    assert found.span.verdict is SpanVerdict.INSIDE
    assert found.span.label_kept.value == 1


@pytest.mark.parametrize("change", [{"steps": (2.0,)}, {"samples": 1}, {"random_findings": 3}])
def test_wrong_questions_are_refused(change: dict) -> None:
    with pytest.raises(InvalidField):
        replace(QUESTION, **change)


def test_findings_of_another_generator_are_refused() -> None:
    other = findings().provenance.model_copy(update={"generator": "other"})
    question = replace(QUESTION, finding_sets=(replace(findings(), provenance=other),))
    with pytest.raises(FindingMismatch):
        AuditPlan(question, GENERATOR, PREDICTORS)
