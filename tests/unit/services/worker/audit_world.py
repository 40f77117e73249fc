"""A classifier that cheats, in a linear world of 24 dimensions.

The reference reads the first three axes; the cheat does so too, but its first class also hangs on
the fifth, three times as much. Random directions hold a fifth of any axis: in few dimensions a
cheat would hardly stand out from chance.
"""

import numpy as np

from directrix.archive import pack_arrays
from directrix.generators import linear as linear_generator
from directrix.predictors import linear as linear_predictor
from directrix.types import Direction, FindingSet, Provenance, Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.jobs import AuditSpec, ModelRef, ScoreRef, SetRef
from tests.unit.services.worker.toy_world import IMAGE, SCORERS

SPECTRUM = tuple(5 - 0.2 * i for i in range(24))
CANDIDATES = 6
CHEATED = 4
"""The axis that the cheat relies on and should not."""


def audit_specification(store: ArtifactStore, **changes: object) -> AuditSpec:
    """The cheat, with an honest classifier as its reference, along the first six axes."""
    catalogue = Catalogue(store)
    arrays, axes = linear_generator.planted(SPECTRUM, 64, seed=3)
    card = linear_generator.card("plain", IMAGE, z_dim=len(SPECTRUM))
    entry = catalogue.put_model("plain", card.model_dump_json(), pack_arrays(arrays))
    generator = ModelRef(name=entry.name, digest=entry.digest)
    honest = linear_predictor.reading(arrays, axes[:3])
    cheat = dict(honest)
    cheat["B"] = honest["B"].copy()
    cheat["B"][0] += 3 * linear_predictor.reading(arrays, axes[CHEATED : CHEATED + 1])["B"][0]
    findings = FindingSet(
        findings=tuple(Direction(Space.Z, axis, 1.0) for axis in axes[:CANDIDATES]),
        provenance=Provenance(method="hand", version="1", generator=generator.digest),
        hints=tuple(f"axis {i}" for i in range(CANDIDATES)),
    )
    name = catalogue.put_finding_set(findings)
    digest = catalogue.finding_set_manifest(name).digest
    trusted = _classifier(catalogue, "honest", honest)
    fields = {
        "generator": generator,
        "classifier": _classifier(catalogue, "cheat", cheat),
        "reference": trusted,
        "finding_sets": (SetRef(name=name, digest=digest),),
        "groups": (ScoreRef(predictor=trusted, scorer="second"),),
        "seed": 5,
        "samples": 24,
        "steps": (1.0, 2.0),
        "random_findings": 20,
        "explained": 2,
        "noise_sd": 0.1,
        "pairs": 4,
    }
    return AuditSpec(**{**fields, **changes})


def _classifier(catalogue: Catalogue, name: str, arrays: dict[str, np.ndarray]) -> ModelRef:
    card = linear_predictor.card(name, IMAGE, SCORERS)
    entry = catalogue.put_model(name, card.model_dump_json(), pack_arrays(arrays))
    return ModelRef(name=entry.name, digest=entry.digest)
