"""The cards of the face models: layouts, scorers, licences, and what the scores are not."""

from collections.abc import Mapping

from directrix.generators import dcgan
from directrix.predictors import face_attributes, face_geometry, face_landmarks
from directrix.types import GeneratorCard, ImageCard, PredictorCard, ScoreKind, Scorer
from directrix.zoo.faces import packages

IMAGE = ImageCard(channels=3, height=64, width=64)

OPINIONS = (
    "Age and gender are what this network answers about a picture, and nothing else: not a "
    "person's age, not anyone's gender, and gender here is one number between the two words its "
    "makers trained it on. It errs, and it errs unevenly. It is here to be audited; do not use it "
    "to decide anything about people."
)
ANALYSIS_DATA = (
    "Photographs that the makers of face-api collected; which ones is not published in full"
)
ANALYSIS_LICENCE = f"MIT (npm {packages.ANALYSIS.name} {packages.ANALYSIS.version})"
DENSE = [32, 64, 128, 256]


def generator() -> GeneratorCard:
    return dcgan.card(
        {"z_dim": 100, "widths": [512, 256, 128, 64], "image_channels": 3},
        name="face-generator",
        title="Faces, DCGAN, 64 x 64",
        training_data="DigiFace-1M (Microsoft): rendered faces of no real person",
        licence=(
            f"MIT (PyPI {packages.GENERATOR.name} {packages.GENERATOR.version}); the data's own "
            "licence is, as far as known, for non-commercial research only, so that is how to use "
            "the weights too; they are never passed on with Directrix"
        ),
        notes="Made by 'make models-faces'. Looks natural up to three SD along a direction.",
    )


def landmarks() -> PredictorCard:
    return _analysis(
        "face-landmarks",
        "68 face landmarks and measures between them",
        {"side": 112, "widths": DENSE, "mirror": True},
        (
            *(
                Scorer(name=name, kind=ScoreKind.VALUE, unit=measure.unit)
                for name, measure in face_geometry.MEASURES.items()
            ),
            Scorer(name=face_landmarks.TRUST, kind=ScoreKind.TRUST, unit=face_geometry.EYES),
        ),
        "Points are the mean over the picture and its mirror image. Left and right are the "
        "picture's. About one face in ten has landmarks that cannot be believed: very dark ones, "
        "masks, profiles; there 'believable' is 0 or less. "
        + " ".join(f"{k}: more means {m.meaning}." for k, m in face_geometry.MEASURES.items()),
    )


def attributes() -> PredictorCard:
    log_odds = "log-odds against the other answers"
    others = face_attributes.SCORERS[2:]
    return _analysis(
        "face-attributes",
        "Age, gender and seven expressions, as one pair of networks sees them",
        {
            "side": 112,
            "body": [32, 64, 128, 256, 512],
            "middle": 2,
            "expression": DENSE,
            "mirror": True,
        },
        (
            Scorer(name="age", kind=ScoreKind.VALUE, unit="years, as this network says"),
            Scorer(name="male", unit="log-odds of this network's 'male' against its 'female'"),
            *(Scorer(name=name, unit=log_odds) for name in others),
        ),
        f"{OPINIONS} Scores are the mean over the picture and its mirror image; a single view is "
        "noisy: on generated faces the two correlate by .74 (gender) and .79 (age).",
    )


def identity() -> PredictorCard:
    return _analysis(
        "face-identity",
        "Face descriptor: 128 numbers, near each other for one face",
        {"side": 150, "widths": [32, 64, 128, 256], "depths": [3, 3, 2, 2]},
        tuple(Scorer(name=f"d{i}", kind=ScoreKind.VALUE, unit="1") for i in range(128)),
        "Two pictures are commonly taken for one person at a Euclidean distance below 0.6. It "
        "tells whether an edit keeps the face; it is not meant to recognise anyone.",
        task="embedder",
    )


def _analysis(
    name: str,
    title: str,
    config: Mapping[str, object],
    scorers: tuple[Scorer, ...],
    notes: str,
    task: str = "regressor",
) -> PredictorCard:
    return PredictorCard.model_validate(
        {
            "name": name,
            "title": title,
            "architecture": name,
            "config": config,
            "image": IMAGE,
            "task": task,
            "scorers": scorers,
            "training_data": ANALYSIS_DATA,
            "licence": ANALYSIS_LICENCE,
            "notes": f"Made by 'make models-faces'. {notes}",
        }
    )
