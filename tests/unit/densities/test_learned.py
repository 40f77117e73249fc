"""Learned densities against known priors: distribution function, log density, what walks lose."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.distributions import Laplace, Normal, TransformedDistribution, Uniform
from torch.distributions.transforms import AffineTransform, SigmoidTransform

from directrix.densities import LearnedCdf, LevelSet, fit_cdf, fit_correction, linear

pytestmark = pytest.mark.slow  # it trains

D, STRIDE = 32, 6.0


def logistic() -> TransformedDistribution:
    turned = [SigmoidTransform().inv, AffineTransform(0.5, 0.7)]
    return TransformedDistribution(Uniform(0.0, 1.0), turned)


PRIORS = {"laplace": Laplace(1.0, 2.0), "logistic": logistic(), "normal": Normal(0.0, 1.0)}


def sample(name: str, count: int, seed: int) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PRIORS[name].sample((count, D))


@cache
def learned(name: str) -> LearnedCdf:
    return fit_cdf(sample(name, 4096, 1), seed=2)


def lost(name: str, step: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """|change of the true log density| [n] of unseen starts, at one stride in SD."""
    starts = sample(name, 300, 3)
    chance = torch.Generator().manual_seed(4)
    directions = torch.nn.functional.normalize(torch.randn(starts.shape, generator=chance))
    moved = step(starts, STRIDE * directions * starts.std())
    prior = PRIORS[name]
    return (prior.log_prob(moved) - prior.log_prob(starts)).sum(1).abs()


@pytest.mark.parametrize("name", PRIORS)
def test_the_distribution_function_is_learned(name: str) -> None:
    points = sample(name, 200, 5)
    assert (learned(name)(points) - PRIORS[name].cdf(points)).abs().max() < 0.04


@pytest.mark.parametrize("name", PRIORS)
def test_the_log_density_is_learned(name: str) -> None:
    points = sample(name, 200, 5)
    told = learned(name).log_density(points)
    assert (told - PRIORS[name].log_prob(points).sum(1)).abs().mean() < 1.0


@pytest.mark.parametrize("name", PRIORS)
def test_level_sets_keep_the_true_density(name: str) -> None:
    assert lost(name, linear).mean() > 10
    assert lost(name, LevelSet(learned(name))).mean() < 1


def test_the_level_is_kept_exactly_by_its_own_measure() -> None:
    cdf, starts = learned("laplace"), sample("laplace", 50, 6)
    moved = LevelSet(cdf)(starts, 5.0 * torch.ones_like(starts) / D**0.5)
    assert (cdf.log_density(moved) - cdf.log_density(starts)).abs().max() < 1e-3


def test_level_sets_have_the_gradient_of_the_implicit_function() -> None:
    """Against central differences along one direction."""
    step, starts = LevelSet(learned("laplace")), sample("laplace", 8, 7)
    displacement = torch.full_like(starts, 0.5)
    turn = torch.linspace(-1, 1, D).expand_as(starts)
    stride = torch.tensor(0.3, requires_grad=True)
    step(starts, displacement + stride * turn).square().sum().backward()
    e = 0.02
    ends = [step(starts, displacement + (0.3 + s * e) * turn).square().sum() for s in (1, -1)]
    assert float(stride.grad) == pytest.approx(float((ends[0] - ends[1]) / (2 * e)), rel=0.02)


def test_the_free_form_is_learned_as_well() -> None:
    cdf = fit_cdf(sample("normal", 4096, 1), seed=2, form="free")
    points = sample("normal", 200, 5)
    assert (cdf(points) - PRIORS["normal"].cdf(points)).abs().max() < 0.04


def test_the_correction_keeps_more_than_the_linear_step() -> None:
    cdf = learned("logistic")
    step = fit_correction(cdf, sample("logistic", 4096, 1), STRIDE, seed=3, steps=400)
    assert lost("logistic", step).mean() < 0.7 * lost("logistic", linear).mean()


def test_learning_repeats_by_seed() -> None:
    samples = sample("laplace", 512, 1)
    first, second = (fit_cdf(samples, seed=2, steps=20) for _ in range(2))
    assert torch.equal(first(samples), second(samples))
    assert not torch.equal(first(samples), fit_cdf(samples, seed=3, steps=20)(samples))
