"""`python -m tests.benchmarks.cards`: measured figures from build/bench into the model cards.

Metrics do not count for a model's digest.
"""

import json

from pydantic import TypeAdapter

from directrix.types import Metric, ModelCard
from directrix.zoo.model_folder import BUNDLED
from tests.benchmarks.evidence import FOLDER

JUDGE = "make bench B=fashion_quality: 10 000 samples, truncation 1, against the test set"
FIGURES = (
    "frechet",
    "class_share_min",
    "class_share_max",
    "nyquist_power_ratio",
    "w_linear_accuracy",
    "memorised_share",
)


def main() -> None:
    evidence = json.loads((FOLDER / "fashion_quality.json").read_text())
    values = {figure["name"]: figure["value"] for figure in evidence["figures"]}
    path = BUNDLED / "fashion-generator" / "card.json"
    card = TypeAdapter(ModelCard).validate_json(path.read_text())
    metrics = tuple(Metric(name=n, value=round(values[n], 4), judge=JUDGE) for n in FIGURES)
    measured = card.model_copy(update={"metrics": metrics})
    path.write_text(measured.model_dump_json(indent=2) + "\n")
    print(path)


if __name__ == "__main__":
    main()
