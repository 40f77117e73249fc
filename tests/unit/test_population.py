"""Populations: sample i belongs to (seed, i) and to nothing else."""

import time

import numpy as np
import pytest

from directrix import population
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.types import Space
from tests.contract.models import generator, mapped_linear_model


def test_a_sample_does_not_depend_on_how_many_or_from_where():
    whole = population.latents(7, 0, 40, 9)
    assert whole.dtype == np.float32
    for start, count in ((0, 1), (3, 5), (39, 1)):
        part = population.latents(7, start, count, 9)
        assert np.array_equal(part, whole[start : start + count])


def test_samples_are_the_philox_streams_that_are_promised():
    philox = np.random.Philox(key=np.array([7, 0], np.uint64), counter=[0, 0, 0, 11])
    wanted = np.random.Generator(philox).standard_normal(9, dtype=np.float32)
    assert np.array_equal(population.latents(7, 11, 1, 9)[0], wanted)


def test_seeds_and_indices_do_not_meet():
    many = np.concatenate([population.latents(seed, 0, 200, 4) for seed in (0, 1, 2**63 - 1)])
    assert len(np.unique(many, axis=0)) == 600
    assert np.array_equal(
        population.latents(1, 2**40, 1, 4), population.latents(1, 2**40 - 3, 4, 4)[3:]
    )


def test_the_prior_is_standard_normal():
    z = population.latents(1, 0, 4000, 16)
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.01
    assert np.abs(np.corrcoef(z.T) - np.eye(16)).max() < 0.08


def test_a_sample_costs_microseconds():
    times = []
    for _ in range(3):
        started = time.process_time()
        population.latents(3, 0, 2000, 100)
        times.append((time.process_time() - started) / 2000)
    assert min(times) < 20e-6


def test_numbers_outside_their_range_are_refused():
    assert population.latents(1, 0, 0, 4).shape == (0, 4)
    for seed, start, count in ((-1, 0, 1), (2**63, 0, 1), (0, -1, 1), (0, 0, -1), (0, 2**63, 1)):
        with pytest.raises(InvalidField):
            population.latents(seed, start, count, 4)


def test_shards_are_whole_but_for_the_rest():
    assert population.shards(2500) == [(0, 1024), (1024, 1024), (2048, 452)]
    assert population.shards(1024) == [(0, 1024)]
    assert population.shards(0) == []


def test_the_unit_of_z_is_one():
    vectors = np.array([[1, 0, 0, 0], [0, 3, 0, 4]])
    assert population.deviation(generator("linear-w"), Space.Z, vectors).tolist() == [1, 5]


def test_the_unit_of_w_is_the_spread_of_the_population():
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0]])
    mapping = mapped_linear_model()[1]["M"]
    wanted = np.linalg.norm(vectors @ mapping, axis=1)
    found = population.deviation(generator("linear-w"), Space.W, vectors)
    np.testing.assert_allclose(found, wanted, rtol=0.03)
    assert np.array_equal(found, population.deviation(generator("linear-w"), Space.W, vectors))


def test_in_w_plus_all_layers_of_a_sample_move_together():
    network = generator("style")
    single = np.eye(8)[:2]
    layered = np.repeat(single[:, None], 6, axis=1)
    in_w = population.deviation(network, Space.W, single)
    in_w_plus = population.deviation(network, Space.W_PLUS, layered)
    np.testing.assert_allclose(in_w_plus, 6 * in_w, rtol=1e-6)


def test_vectors_of_another_space_are_refused():
    with pytest.raises(InvalidField, match=r"\[6, 8\]"):
        population.deviation(generator("style"), Space.W_PLUS, np.eye(8))
    with pytest.raises(SpaceUnavailable):
        population.deviation(generator("dcgan"), Space.W, np.eye(8))


def test_coordinates_have_the_unit_of_their_unit_vectors():
    model = generator("linear-w")
    for space in (Space.Z, Space.W):
        axes = np.eye(model.dimension(space))
        wanted = population.deviation(model, space, axes)
        found = population.coordinate_deviation(model, space)
        assert np.array_equal(found, wanted)
