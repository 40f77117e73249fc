"""`python -m tests.benchmarks.cost_memory METHOD SAMPLES`: peak resident MB of one fit, printed."""

import resource
import subprocess
import sys

import torch

from directrix.discovery import Problem
from directrix.methods.ice import Ice, IceParams
from directrix.methods.intervention import InterventionParams, SequentialIntervention
from directrix.rendering.near_scoring import NearScoring
from tests.benchmarks import bundled


def peak_mb(method: str, samples: int) -> float:
    """In a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.cost_memory", method, str(samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(method: str, samples: int) -> None:
    torch.set_num_threads(1)
    generator = bundled.load_generator("avatar-generator-r00")
    reader = bundled.load_predictor("avatar-regressor")
    score = NearScoring(generator, [reader])
    problem = Problem(generator, (reader.card,), score=score, networks=(reader,))
    if method == "ice":
        Ice(IceParams(space="w", codes=samples)).fit(problem)
    else:
        deltas = (-3.0, 3.0)
        SequentialIntervention(
            InterventionParams(space="w", samples=samples, deltas=deltas)
        ).analyse(problem)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
