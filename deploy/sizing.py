"""`python deploy/sizing.py`: what a million edits cost on a GPU, by calculation, as a table.

    seconds = edits x operations an edit / (peak of the GPU x share of it that is reached)

Nothing here is measured on a GPU: everything that goes in is an assumption and stands in the table.
Give your own as arguments: python deploy/sizing.py --operations 90e9 --reached 0.25 L4:30.3:0.71
"""

import argparse
import sys
from dataclasses import dataclass

EDITS = 1_000_000


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU: peak in TFLOP/s (fp32, without sparsity), price in dollars an hour."""

    name: str
    peak: float
    price: float

    @classmethod
    def parse(cls, text: str) -> "Gpu":
        """Of "NAME:TFLOPS:DOLLARS". Raises ValueError."""
        name, peak, price = text.split(":")
        return cls(name, float(peak), float(price))


ASSUMED = ("T4:8.1:0.35", "L4:30.3:0.71")
"""Peaks of the makers' data sheets; prices an hour of a large cloud, on demand, rounded."""
OPERATIONS = 45e9
"""FLOP an edit: a style-based generator at 256 x 256 once, and two small classifiers."""
REACHED = 0.3
"""Share of the peak that convolutions in fp32 reach in batches of 16."""


def table(gpus: list[Gpu], operations: float, reached: float) -> str:
    lines = [
        "| GPU | peak, TFLOP/s | reached | GFLOP an edit | edits a second | $ an hour "
        "| hours a million | $ a million |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for gpu in gpus:
        rate = gpu.peak * 1e12 * reached / operations
        hours = EDITS / rate / 3600
        cells = [gpu.name, f"{gpu.peak:g}", f"{reached:.0%}", f"{operations / 1e9:g}"]
        cells += [f"{rate:.0f}", f"{gpu.price:.2f}", f"{hours:.1f}", f"{hours * gpu.price:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser()
    parser.add_argument("gpus", nargs="*", metavar="NAME:TFLOPS:DOLLARS")
    parser.add_argument("--operations", type=float, default=OPERATIONS)
    parser.add_argument("--reached", type=float, default=REACHED)
    asked = parser.parse_args(arguments)
    gpus = [Gpu.parse(text) for text in asked.gpus or ASSUMED]
    return table(gpus, asked.operations, asked.reached)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
