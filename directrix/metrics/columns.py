"""The columns of scores: the scorers of several predictors side by side, each with one label."""

from collections import Counter
from collections.abc import Sequence

from directrix.errors import InvalidField
from directrix.types import PredictorCard


def column_labels(predictors: Sequence[PredictorCard]) -> tuple[str, ...]:
    """One label a column: the scorer's name, as "predictor/scorer" where two share a name."""
    names = Counter(scorer.name for card in predictors for scorer in card.scorers)
    return tuple(
        scorer.name if names[scorer.name] == 1 else f"{card.name}/{scorer.name}"
        for card in predictors
        for scorer in card.scorers
    )


def choose_columns(
    predictors: Sequence[PredictorCard], wanted: Sequence[str], field: str
) -> tuple[int, ...]:
    """Columns of the wanted labels in the wanted order, all of them where none is wanted.

    Raises InvalidField for `field`, naming the known labels.
    """
    labels = column_labels(predictors)
    for label in wanted:
        if label not in labels:
            raise InvalidField(
                f"no scorer is called {label!r}: there are {', '.join(labels)}", field=field
            )
    return tuple(labels.index(label) for label in wanted) or tuple(range(len(labels)))


def owner(predictors: Sequence[PredictorCard], column: int) -> tuple[PredictorCard, int]:
    """The predictor to which a column belongs, and that predictor's first column."""
    start = 0
    for card in predictors:
        if column < start + len(card.scorers):
            return card, start
        start += len(card.scorers)
    raise IndexError(column)
