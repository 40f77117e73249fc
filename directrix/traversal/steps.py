"""The step of a walk: closed forms, and those whose density is learned first."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from directrix.densities import (
    LevelSet,
    Step,
    fit_cdf,
    fit_correction,
    great_circle,
    linear,
    norm_preserving,
)
from directrix.densities.cdf import STEPS as CDF_STEPS
from directrix.densities.correction import STEPS as CORRECTION_STEPS

StepName = Literal["norm_preserving", "great_circle", "linear", "level_set", "corrected"]

CLOSED: dict[str, Step] = {
    "norm_preserving": norm_preserving,
    "great_circle": great_circle,
    "linear": linear,
}

Keep = Callable[[Callable[[], np.ndarray]], np.ndarray]
"""Takes a costly step through a journal: `Journal.step`."""


def choose_step(name: StepName, samples: Tensor, reach: float, seed: int, keep: Keep) -> Step:
    """The step of that name. samples [n, d] of the prior teach the learned ones.

    reach: the longest stride in SD.
    """
    if name in CLOSED:
        return CLOSED[name]
    cdf = _kept(lambda trained: fit_cdf(samples, seed, steps=CDF_STEPS * trained), keep)
    if name == "level_set":
        return LevelSet(cdf)
    return _kept(
        lambda trained: fit_correction(cdf, samples, reach, seed, steps=CORRECTION_STEPS * trained),
        keep,
    )


def _kept(fit: Callable[[bool], Any], keep: Keep) -> Any:
    """What `fit` gives, the numbers of its network taken through the journal.

    fit(False) is the same but for the training: it says what the network looks like.
    """
    found = fit(False)
    numbers = keep(lambda: parameters_to_vector(fit(True).network.parameters()).cpu().numpy())
    parameters = found.network.parameters()
    vector_to_parameters(torch.from_numpy(numbers.copy()).to(found.centre), parameters)
    return found
