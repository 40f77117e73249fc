"""The attack in pixels: what a counterfactual is when nothing holds it to pictures of clothes.

Gradient descent on the target's cross-entropy in pixel space, until the probability is reached,
then as short as it goes. Pictures are judged rounded, as all answers are.

Source: the adversarial baseline (gradient ascent in X) of Dombrowski et al., "Diffeomorphic
Counterfactuals with Generative Models" (arXiv 2206.05075).
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.predictors import Predictor
from directrix.rendering.pixels import from_pixels, to_pixels


@dataclass(frozen=True, eq=False)
class Attacked:
    """images: uint8 [N, H, W, C]. calls: classifier passes that each took, [N]."""

    images: np.ndarray
    calls: np.ndarray


@dataclass(frozen=True)
class PixelAttack:
    """stride: Euclidean length of a step, of pictures in [-1, 1]. steps: at most. halvings: of the
    stretch between original and answer in which the shortest one is looked for."""

    stride: float = 0.1
    steps: int = 400
    halvings: int = 10

    def __call__(
        self, classifier: Predictor, images: np.ndarray, targets: np.ndarray, probability: float
    ) -> Attacked:
        """images: uint8 [N, H, W, C]. targets: columns [N] of the classifier, to reach at least
        `probability` each; where it is not reached the picture after the last step."""
        start, wanted = from_pixels(torch.from_numpy(images)), torch.from_numpy(targets)
        moved, calls = start.clone(), torch.zeros(len(start), dtype=torch.long)
        rows = torch.arange(len(start))
        for _ in range(self.steps):
            reached, gradient = self._look(classifier, moved[rows], wanted[rows])
            calls[rows] += 1
            left = reached < probability
            rows = rows[left]
            if not len(rows):
                break
            length = gradient[left].flatten(1).norm(dim=1)[:, None, None, None]
            step = self.stride * gradient[left] / length.clamp_min(1e-12)
            moved[rows] = (moved[rows] - step).clamp(-1, 1)
        held = torch.ones(len(start), dtype=torch.bool)
        held[rows] = False
        ends = self._shorten(classifier, start, moved, wanted, probability, held)
        calls[held] += self.halvings
        return Attacked(to_pixels(ends).numpy(), calls.numpy())

    def _look(self, classifier: Predictor, images: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [n] of rounded pictures, and the loss's gradient there."""
        seen = _rounded(images).requires_grad_()
        scores = classifier.scores(seen)
        (gradient,) = torch.autograd.grad(F.cross_entropy(scores, wanted, reduction="sum"), seen)
        chances = scores.detach().softmax(1)
        return chances.gather(1, wanted[:, None])[:, 0], gradient

    @torch.inference_mode()
    def _shorten(
        self,
        classifier: Predictor,
        start: Tensor,
        moved: Tensor,
        wanted: Tensor,
        probability: float,
        held: Tensor,
    ) -> Tensor:
        """Between start and moved, where it holds there; the rest as it is."""
        low, high = torch.zeros(len(start)), torch.ones(len(start))
        for _ in range(self.halvings):
            middle = (low + high) / 2
            tried = start + middle[:, None, None, None] * (moved - start)
            chances = classifier.scores(_rounded(tried)).softmax(1)
            good = chances.gather(1, wanted[:, None])[:, 0] >= probability
            high, low = torch.where(good, middle, high), torch.where(good, low, middle)
        share = torch.where(held, high, torch.ones(len(start)))
        return start + share[:, None, None, None] * (moved - start)


def _rounded(images: Tensor) -> Tensor:
    return from_pixels(to_pixels(images))
