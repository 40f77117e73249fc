"""An audit made by hand, for tests of what is written of audits."""

import numpy as np

from directrix.pages.audit_shots import Shown
from directrix.types import (
    Audit,
    AuditRecord,
    Difference,
    Flips,
    GlobalDirection,
    Measured,
    Named,
    Reliance,
    Shot,
    Span,
    SpanVerdict,
    Stability,
    Stride,
)

SET = "3f" * 32
CLASSES = ("boot", "sneaker", "sandal")
REPRODUCE = "directrix audit run classifier -g fashion -f f3f3f"


def named(index: int) -> Named:
    return Named(finding_set=SET, index=index, hint=f"component {index}")


def measured(value: float, spread: float = 0.05) -> Measured:
    return Measured(value=value, interval=(max(-1.0, value - spread), value + spread))


def reliance(index: int, accused: bool) -> Reliance:
    strength = 2.5 if accused else 0.4 / (index + 1)
    return Reliance(
        finding=named(index),
        variation=measured(0.4 / (index + 1)),
        flips=measured(0.3 / (index + 1)),
        effect=(0.3, -0.2, -0.1),
        grey_levels=4.5,
        reference=0.1,
        beyond=measured(0.8 * strength, 0.2),
        strength=strength,
        partial=0.9 if accused else 0.1,
        allowed=index == 2,
        accused=accused,
    )


def audit(findings: int = 8) -> Audit:
    return Audit(
        generator="1" * 64,
        classifier="2" * 64,
        classes=CLASSES,
        reference="4" * 64,
        rival="5" * 64,
        finding_sets=(SET,),
        seed=7,
        samples=128,
        reach_sd=3.0,
        floor=0.8,
        false_accusations=0.05,
        random_findings=60,
        class_shares=(0.5, 0.3, 0.2),
        agreement=0.93,
        reliance=tuple(reliance(i, accused=i == 0) for i in range(findings)),
        flips=(
            *(flip(0, "boot", "sneaker", "", 0.62), flip(1, "boot", "sneaker", "", 0.2)),
            *(flip(0, "sneaker", "boot", "", 0.4), flip(3, "sandal", "boot", "", 0.0)),
            flip(0, "boot", "sneaker", "dark +", 0.71),
        ),
        directions=(
            GlobalDirection(
                source="boot",
                target="sneaker",
                strides=(Stride(finding=named(0), alpha=1.5), Stride(finding=named(3), alpha=-0.5)),
                distance_sd=1.58,
                share=measured(0.81),
                tried=31,
            ),
        ),
        stability=Stability(
            noise_sd=0.1,
            pairs=6,
            asked=8,
            jaccard=measured(0.83),
            distance_sd=measured(0.2),
        ),
        span=Span(verdict=SpanVerdict.UNTOLD),
        differences=tuple(
            Difference(finding=named(i), variation=measured(0.2 - 0.1 * i), flips=measured(0.1))
            for i in range(4)
        ),
    )


def flip(index: int, source: str, target: str, group: str, share: float) -> Flips:
    return Flips(
        finding=named(index),
        source=source,
        target=target,
        group=group,
        tried=40,
        share=share,
        interval=(max(0.0, share - 0.1), min(1.0, share + 0.1)),
        median_sd=1.4 if share else None,
    )


def specification() -> dict[str, object]:
    """As a job's is written down."""
    return {
        "generator": model("fashion", "1"),
        "classifier": model("classifier", "2"),
        "finding_sets": [{"name": "projects/default/findingSets/f3f3f", "digest": SET}],
        "reference": model("oracle", "4"),
        "rival": model("twin", "5"),
        "allowed_scores": [{"predictor": model("meter", "6"), "scorer": "class: a b"}],
        "allowed_findings": [{"finding_set": 0, "index": 2}],
        "groups": [{"predictor": model("meter", "6"), "scorer": ""}],
        "seed": 7,
        "samples": 128,
        "pictures": None,
        "steps": [1.0, 2.0, 2.75],
        "random_findings": 60,
        "explained": 8,
        "noise_sd": 0.1,
        "pairs": 12,
    }


def model(id: str, digit: str) -> dict[str, str]:
    return {"name": f"projects/default/models/{id}", "digest": digit * 64}


def record(digest: str = "a" * 64, **changes: object) -> AuditRecord:
    given = audit().model_copy(update=changes)
    return AuditRecord(
        digest=digest,
        specification=specification(),
        reproduce=REPRODUCE,
        titles={f"{SET}:0": "<boot & co>", f"{SET}:1": "sneaker"},
        libraries={"numpy": "2"},
        audit=given,
    )


def shown(count: int = 3) -> Shown:
    rows = np.random.default_rng(1).integers(0, 256, (2, 28, 28, 1)).astype(np.uint8)
    shot = Shot(4, 1.0, "boot", "sneaker", 0.02, 0.71, rows[0], rows[1])
    return Shown(named(0), (shot,) * count)
