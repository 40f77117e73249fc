"""SC2GAN with one thing changed at a time, on the avatars of a training set dialled at .8.

Two of the four dialled factors; the ratio is that of `bench_sc2gan`.
"""

import torch

from directrix.types import Finding
from directrix.zoo.avatars.factors import NAMES
from tests.benchmarks.bench_sc2gan import MOVED, Walks, World, worst_ratio
from tests.benchmarks.evidence import Evidence

ABLATED = ("age_lines", "lip_colour")
ABLATIONS: dict[str, dict[str, object]] = {
    "share_1": {"share": 0.01},
    "share_3": {"share": 0.03},
    "one_round": {"rounds": 1},
    "common_slopes": {"slopes": "common"},
    "from_the_edit": {"start": "edit"},
    "from_the_edit_all_layers": {"start": "edit", "layers": "all"},
    "share_10": {"share": 0.1},
    "share_100": {"share": 1.0},
    "no_restoration": {"restorations": 0},
    "no_reprojection": {"reproject": False},
    "natural_samples": {"samples": "natural"},
    "refitted_svm": {"correction": "refit"},
    "in_w": {"space": "w"},
    "refitted_svm_w": {"space": "w", "correction": "refit"},
    "field": {"learner": "field"},
}


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {"targets": ABLATED, "moved": MOVED, "ablations": ABLATIONS}
    world = World("r80")
    plain = _walked(world, world.find("interfacegan", ABLATED))
    for name, params in {"as_it_is": {}, **ABLATIONS}.items():
        worst = worst_ratio(_walked(world, world.find("sc2gan", ABLATED, **params)), plain, ABLATED)
        if worst is None:
            continue
        evidence.figure(f"leak_ratio_{name}", worst.value, "ratio", n=MOVED)
        evidence.row(name=name, ratio=worst.value, low=worst.low, high=worst.high)


def _walked(world: World, found: dict[str, Finding]) -> Walks:
    rises = {
        target: world.held.rise(finding, world.base, NAMES.index(target))
        for target, finding in found.items()
    }
    return Walks(world, rises)
