"""The options of `directrix audit run`, and the little languages of some of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import arguments

Classifier = Annotated[str, typer.Argument(help="The classifier's id.")]
Findings = Annotated[list[str], typer.Option("--findings", "-f", help="A finding set; repeatable.")]
Reference = Annotated[
    str, typer.Option(help="A classifier that is trusted: more than it relies on is accused.")
]
Rival = Annotated[str, typer.Option(help="A second classifier to compare with.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        help="PREDICTOR, PREDICTOR/SCORER or SET:INDEX that answers may rest on; repeatable."
    ),
]
Group = Annotated[
    list[str] | None,
    typer.Option(help="PREDICTOR/SCORER, or a classifier: subgroups to tell of; repeatable."),
]
Samples = Annotated[int, typer.Option(min=0, help="Generated pictures (128).")]
Images = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="A folder of real pictures instead."),
]
Pictures = Annotated[str, typer.Option(help="Digest of the pictures of an earlier audit instead.")]
SpaceName = Annotated[str, typer.Option(help="Where pictures are inverted (w+, else z).")]
InversionSteps = Annotated[int, typer.Option(min=0, max=2000, help="Of its search.")]
Encoder = Annotated[str, typer.Option(help="Says where its search starts.")]
EncoderOnly = Annotated[bool, typer.Option(help="Take what it says as it is.")]
Embedder = Annotated[str, typer.Option(help="A predictor whose features count too.")]
Steps = Annotated[str, typer.Option(help="Strengths that flips are looked for at.")]
RandomFindings = Annotated[int, typer.Option(min=0, help="That tell chance (60).")]
Explained = Annotated[int, typer.Option(min=0, help="Pictures explained twice.")]
Noise = Annotated[float, typer.Option(min=0, help="Latent noise for that (0.1 SD).")]
Pairs = Annotated[int, typer.Option(min=0, help="Class pairs to tell of (12).")]
Probability = Annotated[
    float, typer.Option(min=0, max=0.999, help="Of the new class, for a flip to count.")
]
ExplanationBudget = Annotated[int, typer.Option(min=0, help="Images an explanation (1500).")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", file_okay=False, help="Folder for audit.html, .json and .csv."),
]

FINDING = re.compile(r"[^/]+:\d+")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def pictures_of(folder: Path | None) -> list[bytes]:
    """By name."""
    if folder is None:
        return []
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not files:
        raise typer.BadParameter(f"{folder} holds no pictures: {', '.join(SUFFIXES)}")
    return [path.read_bytes() for path in files]


def allowed(texts: Sequence[str]) -> tuple[list[tuple[str, str]], list[tuple[str, int]]]:
    """Scores, and findings: those that are SET:INDEX, without a scorer."""
    places = [text for text in texts if FINDING.fullmatch(text)]
    scores = [score(text) for text in texts if not FINDING.fullmatch(text)]
    return scores, [arguments.finding(text) for text in places]


def score(text: str) -> tuple[str, str]:
    """PREDICTOR[/SCORER]; a predictor by its id."""
    predictor, _, scorer = text.partition("/")
    return predictor, scorer
