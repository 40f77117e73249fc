"""The recipe of image folders, run whole: coloured footwear made from Fashion-MNIST's shoes.

Writes 6 000 RGB pictures of boots, sandals and sneakers, trains generator, classifier and oracle
on the folder as on anyone's, and asks the analysis for the controlling set of each kind. Models
are kept under build/models and trained once; delete build/models/footwear-* to train them anew.
"""

import numpy as np
import torch

from directrix import generators, predictors
from directrix.model_files import read_model
from directrix.types import Space
from directrix.zoo.folder import FolderRecipe, train_folder
from directrix.zoo.footwear import make_footwear
from directrix.zoo.image_folder import read_image_folder
from directrix.zoo.model_folder import BUILT
from tests.benchmarks import bench_correlation as correlation
from tests.benchmarks.clothes import Clothes
from tests.benchmarks.evidence import FOLDER, Evidence

CPU = torch.device("cpu")
EACH, SIDE = 2000, 32
RECIPE = FolderRecipe("footwear", licence="MIT", z_dim=64, shown=64_000, epochs=3)
SETTINGS = {"samples": 64, "epochs": 8}
SET, ALPHA, STARTS = 12, 4.0, 64


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    pictures = FOLDER / "footwear"
    if not (BUILT / "footwear-generator" / "card.json").exists():
        make_footwear(pictures, EACH, seed=0)
        folder = read_image_folder(pictures, SIDE)
        train_folder(folder, RECIPE, BUILT, FOLDER / "footwear-work", print)
    evidence.settings = {"recipe": vars(RECIPE), "sensitivity": SETTINGS, "set": SET}
    count = len(list(pictures.glob("*/*/*/*.png")))
    evidence.figure("pictures", count, "pictures", at_least=5000)
    clothes = Clothes(
        generators.build(*read_model(BUILT / "footwear-generator"), CPU),
        Space.Z,
        seed=2**61 + 17,
        judges=tuple(
            predictors.build(*read_model(BUILT / f"footwear-{kind}"), CPU)
            for kind in ("classifier", "oracle")
        ),
    )
    for judge in (clothes.classifier, clothes.oracle):
        accuracy = judge.card.metrics[0].value
        evidence.figure(f"{judge.card.name}_accuracy", accuracy, "share", at_least=0.95)
    starts = clothes.starts(STARTS)
    boundaries = correlation.separate(clothes)
    pairs = [(c, t) for c in range(3) for t in range(3) if c != t]
    rows = [
        correlation.translate(clothes, pair, starts, boundaries, SETTINGS, SET, ALPHA)
        for pair in pairs
    ]
    for row in rows:
        evidence.row(**row)
    for name in ("translated", "random", "complement", "gain", "interfacegan"):
        value = float(np.mean([row[name] for row in rows]))
        evidence.figure(f"translation_{name}", value, "share", n=len(rows))
    flips, agreed = (sum(row[name] for row in rows) for name in ("flips", "agreed"))
    evidence.figure("oracle_agreement", agreed / max(1, flips), "share", n=flips)
