"""`python -m tests.cuda.bench_gpu`: images a second on a GPU, and how far they are from the CPU's.

For each generator in float32, in bfloat16, and in both recorded as CUDA graphs, at the batch that
results are made of. Not among the benchmarks of `make bench`, which need no GPU; where there is
none, --device cpu shows that it runs, without graphs and without leaving evidence.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from directrix import devices, generators
from directrix.archive import to_pixels
from directrix.generators import Generator, dcgan
from tests.benchmarks.evidence import Evidence
from tests.contract.deviation import bfloat16, build, call, float32, rows_for
from tests.contract.models import CPU, with_digest

DCGAN = {"z_dim": 100, "widths": [512, 256, 128, 64], "image_channels": 3}
"""That of the serving benchmark: 64 x 64 RGB, random weights."""
BUNDLED = ("fashion-generator", "avatar-generator-r00")
NAMES = ("dcgan", *BUNDLED)
WARM_UPS = 5
SECONDS, BATCHES = 5.0, (16, 64)


def load(name: str, device: torch.device) -> Generator:
    if name in BUNDLED:
        found = build(name, device)
        assert isinstance(found, Generator)
        return found
    card, arrays = dcgan.card(DCGAN, name=name), dcgan.random_arrays(DCGAN, seed=0)
    return generators.build(with_digest(card, arrays), arrays, device)


def forms(network: Generator, rows: Tensor) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Every way to draw: its name, and the call."""
    for name, precision in (("fp32", float32), ("bf16", bfloat16)):
        answer = call(network, precision)
        yield name, answer
        if network.device.type == "cuda":
            yield f"{name}_graph", devices.record(answer, rows)


@torch.inference_mode()
def rate(answer: Callable[[Tensor], Tensor], rows: Tensor, seconds: float) -> float:
    """Images a second, one batch after the other, all finished."""
    for _ in range(WARM_UPS):
        answer(rows)
    _finish(rows.device)
    made, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(10):
            answer(rows)
        _finish(rows.device)
        made += 10 * len(rows)
    return made / (time.perf_counter() - began)


@torch.inference_mode()
def error(
    answer: Callable[[Tensor], Tensor], rows: Tensor, wanted: np.ndarray
) -> tuple[int, float]:
    """Of the pixels: the largest and the mean difference to the CPU's float32, levels of 255."""
    apart = np.abs(to_pixels(answer(rows).cpu().numpy()).astype(int) - wanted)
    return int(apart.max()), float(apart.mean())


def run(evidence: Evidence, device: torch.device, seconds: float, batches: tuple[int, ...]) -> None:
    evidence.settings |= {"device": _name(device), "torch": torch.__version__, "seconds": seconds}
    for name in NAMES:
        network, near = load(name, device), load(name, CPU)
        for batch in batches:
            rows = rows_for(network, batch)
            with torch.inference_mode():
                wanted = to_pixels(call(near)(rows.cpu()).numpy()).astype(int)
            for form, answer in forms(network, rows):
                label = f"{name}_b{batch}_{form}"
                speed = rate(answer, rows, seconds)
                largest, mean = error(answer, rows, wanted)
                bound = {"at_most": 1} if form.startswith("fp32") else {}
                evidence.figure(f"{label}_images_per_second", speed, "images/s")
                evidence.figure(f"{label}_largest_error", largest, "of 255", n=batch, **bound)
                evidence.row(model=name, batch=batch, form=form, speed=speed, mean_error=mean)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    asked = parser.parse_args(arguments)
    device, evidence = devices.device(asked.device), Evidence("gpu")
    run(evidence, device, asked.seconds, tuple(asked.batches))
    if device.type == "cuda":
        print(f"  -> {evidence.write()}")
    return 1 if any(figure["holds"] is False for figure in evidence.figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
