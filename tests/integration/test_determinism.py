"""The same recipe gives the same bytes: at every batch size, thread count and kernel set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROBE = Path(__file__).with_name("determinism_probe.py")
FEW = ("1", "5", "16", "32")
WAYS = {(1, "avx2"): (), (1, "default"): FEW, (2, "avx2"): FEW, (2, "default"): FEW}
"""Threads and kernels -> batch sizes; none named: all from 1 to 32."""

MODELS = ("style", "dcgan")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], dict]:
    """What the probe says for each way, with the pixels it rendered."""
    folder = tmp_path_factory.mktemp("determinism")
    found = {}
    for (threads, kernels), sizes in WAYS.items():
        pixels = folder / f"{threads}-{kernels}.npz"
        environment = os.environ | {"ATEN_CPU_CAPABILITY": kernels}
        done = subprocess.run(
            [sys.executable, str(PROBE), str(threads), str(pixels), *sizes],
            env=environment | {"PYTHONPATH": str(PROBE.parents[2])},
            check=True,
            capture_output=True,
            text=True,
        )
        found[threads, kernels] = json.loads(done.stdout) | {"images": dict(np.load(pixels))}
    return found


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_results_are_the_same_at_every_batch_size(
    runs: dict[tuple[int, str], dict], way: tuple[int, str], model: str
) -> None:
    digests = runs[way][model]["result"]
    assert list(digests) == list(WAYS[way] or map(str, range(1, 33)))
    assert len(set(digests.values())) == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kernels", ["default", "avx2"])
def test_pixels_are_the_same_with_one_and_two_threads(
    runs: dict[tuple[int, str], dict], kernels: str, model: str
) -> None:
    """And scores but for their rounding, which on some processors depends on the threads."""
    one, two = (runs[threads, kernels]["images"] for threads in (1, 2))
    assert np.array_equal(one[model], two[model])
    scores = [run[f"{model} scores"] for run in (one, two)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_other_kernels_change_a_pixel_by_one_grey_level_at_most(
    runs: dict[tuple[int, str], dict], model: str
) -> None:
    one, other = (runs[1, kernels]["images"][model].astype(int) for kernels in ("default", "avx2"))
    assert one.std() > 10
    assert np.abs(one - other).max() <= 1
    assert (one != other).mean() <= 1e-3


def test_the_network_itself_is_not_that_steady(runs: dict[tuple[int, str], dict]) -> None:
    """Why results are padded: the plain network's floats do change with the batch size."""
    assert max(runs[1, "avx2"]["style"]["plain"].values()) > 0
