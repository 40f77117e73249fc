"""Columns of several predictors side by side."""

import pytest

from directrix.errors import InvalidField
from directrix.metrics.columns import choose_columns, column_labels, owner
from directrix.predictors.linear import card
from directrix.types import ImageCard

IMAGE = ImageCard(channels=1, height=2, width=2)
ONE, TWO = card("one", IMAGE, ["boot", "bag"]), card("two", IMAGE, ["bag", "yaw"])


def test_shared_names_are_told_apart_by_their_predictor() -> None:
    assert column_labels([ONE]) == ("boot", "bag")
    assert column_labels([ONE, TWO]) == ("boot", "one/bag", "two/bag", "yaw")


def test_choice_in_the_wanted_order_or_all() -> None:
    assert choose_columns([ONE, TWO], ["yaw", "one/bag"], "f") == (3, 1)
    assert choose_columns([ONE, TWO], [], "f") == (0, 1, 2, 3)


def test_an_unknown_label_names_the_known_ones() -> None:
    with pytest.raises(InvalidField, match="boot, one/bag, two/bag, yaw") as caught:
        choose_columns([ONE, TWO], ["bag"], "parameters.scorers")
    assert caught.value.field == "parameters.scorers"


def test_owner_of_a_column() -> None:
    assert [owner([ONE, TWO], c) for c in range(4)] == [(ONE, 0), (ONE, 0), (TWO, 2), (TWO, 2)]
    with pytest.raises(IndexError):
        owner([ONE], 2)
