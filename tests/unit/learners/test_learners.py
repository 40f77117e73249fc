"""The learners by name."""

from directrix.learners import LogisticLearner, SvmLearner, learners


def test_every_learner_by_its_name() -> None:
    assert dict(learners()) == {"svm": SvmLearner(), "logistic": LogisticLearner()}
