"""Labels kept, counted by hand."""

import pytest
import torch

from directrix.errors import PredictorMismatch
from directrix.inversion import label_kept
from tests.contract.models import predictor


def test_a_label_is_kept_where_the_highest_score_stays():
    reader = predictor("convolutional")
    images = torch.rand((40, 1, 12, 12), generator=torch.Generator().manual_seed(1)) * 2 - 1
    other = images.roll(1, 0)
    labels = reader.scores(images).argmax(1)
    assert label_kept(reader, images, images).all()
    assert torch.equal(label_kept(reader, images, other), labels == labels.roll(1, 0))


def test_what_says_no_class_is_refused():
    images = torch.zeros(1, 1, 12, 12)
    with pytest.raises(PredictorMismatch, match="segmenter"):
        label_kept(predictor("segmenter"), images, images)
