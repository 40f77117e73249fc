"""`directrix models import-onnx` and `import-remote`: folders of predictors made elsewhere."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import typer
from pydantic import ValidationError

from directrix.archive import pack_arrays
from directrix.cli.exits import reporting
from directrix.cli.output import show_json
from directrix.cli.session import Json
from directrix.foreign import Facts, Reading, onnx_model, outputs_of, readings_of, remote_model
from directrix.types import ImageCard, PredictorCard, ScoreKind, Scorer

T = TypeVar("T")
SCORER = re.compile(r"(?P<name>[^=]+)=(?P<sign>-?)(?P<output>.+?)(:(?P<column>\d+))?")

Folder = Annotated[Path, typer.Option("--out", "-o", file_okay=False, help="Folder to write.")]
Name = Annotated[str, typer.Option(help="The model's name (the file's, or the service's).")]
Classes = Annotated[
    str, typer.Option(help="Classes, in the order of the output's columns: shirt,boot,bag.")
]
Scorers = Annotated[
    list[str] | None,
    typer.Option("--scorer", help="NAME=OUTPUT:COLUMN, or NAME=-OUTPUT:COLUMN to turn its sign."),
]
Kind = Annotated[ScoreKind, typer.Option(help="What the numbers are.")]
Unit = Annotated[str, typer.Option(help="Their unit (logit, or none).")]
Image = Annotated[str, typer.Option(help="Pictures it is asked about: CHANNELSxHEIGHTxWIDTH.")]
Size = Annotated[str, typer.Option(help="HEIGHTxWIDTH that pictures are made into first.")]
Colours = Annotated[int, typer.Option(help="Channels, likewise: 1 or 3.")]
Layout = Annotated[str, typer.Option(help="nchw or nhwc.")]
Range = Annotated[str, typer.Option(help="Its numbers for black and white.")]
Mean = Annotated[str, typer.Option(help="Taken off then, by channel: 0.5 or 0.48,0.45,0.41.")]
Deviation = Annotated[str, typer.Option(help="What is left is divided by it.")]


def import_onnx(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An ONNX file.")],
    out: Folder,
    name: Name = "",
    classes: Classes = "",
    scorer: Scorers = None,
    output: Annotated[str, typer.Option(help="The output with the classes (the first).")] = "",
    kind: Kind = ScoreKind.LOGIT,
    unit: Unit = "",
    image: Image = "",
    size: Size = "",
    channels: Colours = 0,
    layout: Layout = "nchw",
    range: Range = "-1,1",
    mean: Mean = "",
    deviation: Deviation = "",
    as_json: Json = False,
) -> None:
    """Make a model folder of an ONNX file. Nothing of it is run, and no service is needed.

    Examples:

    \b
      directrix models import-onnx clothes.onnx --classes shirt,boot,bag -o clothes
      directrix models import-onnx age.onnx --scorer age=years --kind value --unit years \\
          --image 3x64x64 --size 224x224 --range 0,1 --mean 0.485,0.456,0.406 \\
          --deviation 0.229,0.224,0.225 -o age
      directrix models register clothes
    """
    with reporting(as_json):
        data = file.read_bytes()
        first = output or outputs_of(data)[0]
        facts = _facts(
            name or _named(file.stem), classes, scorer, first, kind, unit, image, size, channels,
            layout, range, mean, deviation,
        )  # fmt: skip
        _write(out, *_made(lambda: onnx_model(data, facts)), as_json)


def import_remote(
    alias: Annotated[str, typer.Argument(help="What the operator calls the service.")],
    model: Annotated[str, typer.Option(help="What the service calls the model.")],
    version: Annotated[str, typer.Option(help="The version that it has to answer as.")],
    image: Image,
    out: Folder,
    input: Annotated[str, typer.Option(help="The input's name.")],
    output: Annotated[str, typer.Option(help="The output with the classes.")] = "",
    name: Name = "",
    classes: Classes = "",
    scorer: Scorers = None,
    kind: Kind = ScoreKind.LOGIT,
    unit: Unit = "",
    size: Size = "",
    channels: Colours = 0,
    layout: Layout = "nchw",
    range: Range = "-1,1",
    mean: Mean = "",
    deviation: Deviation = "",
    as_json: Json = False,
) -> None:
    """Make a model folder of a predictor that another service runs (Open Inference Protocol v2).

    Examples:

    \b
      directrix models import-remote shop --model clothes --version 3 --image 1x28x28 \\
          --input pixels --output logits --classes shirt,boot,bag -o clothes

    The folder holds no address: the operator's DIRECTRIX_REMOTE_PREDICTORS says where "shop" is.
    """
    with reporting(as_json):
        facts = _facts(
            name or _named(model), classes, scorer, output, kind, unit, image, size, channels,
            layout, range, mean, deviation,
        )  # fmt: skip
        _write(out, *_made(lambda: remote_model(alias, model, version, input, facts)), as_json)


def _facts(
    name: str,
    classes: str,
    scorer: list[str] | None,
    output: str,
    kind: ScoreKind,
    unit: str,
    image: str,
    size: str,
    channels: int,
    layout: str,
    range: str,
    mean: str,
    deviation: str,
) -> Facts:
    """Raises ValueError, saying which option is wrong."""
    if bool(classes) == bool(scorer):
        raise ValueError("say either --classes or --scorer")
    names = [each.strip() for each in classes.split(",")] if classes else []
    read = [_scorer(text) for text in scorer or ()]
    readings = _made(lambda: readings_of(output, len(names))) if classes else ()
    task: Literal["classifier", "regressor"] = "classifier" if classes else "regressor"
    unit = unit or ("logit" if kind is ScoreKind.LOGIT else "")
    sides = _numbers(image, "x", 3, "--image") if image else None
    known: dict[str, Any] = {
        "name": name,
        "scorers": tuple(
            Scorer(name=each, kind=kind, unit=unit) for each in names or [n for n, _ in read]
        ),
        "readings": readings or tuple(reading for _, reading in read),
        "task": task,
        "image": sides and _made(lambda: _image(sides)),
        "channels": channels or None,
        "size": tuple(map(int, _numbers(size, "x", 2, "--size"))) if size else None,
        "layout": layout,
        "range": tuple(_numbers(range, ",", 2, "--range")),
        "mean": tuple(_numbers(mean, ",", 0, "--mean")) if mean else (),
        "deviation": tuple(_numbers(deviation, ",", 0, "--deviation")) if deviation else (),
    }
    return Facts(**known)


def _scorer(text: str) -> tuple[str, Reading]:
    found = SCORER.fullmatch(text)
    if not found:
        raise ValueError(f"a scorer is NAME=[-]OUTPUT[:COLUMN], not {text!r}")
    sign: Literal[-1, 1] = -1 if found["sign"] else 1
    column = int(found["column"] or 0)
    return found["name"], Reading(output=found["output"], column=column, sign=sign)


def _image(sides: list[float]) -> ImageCard:
    channels, height, width = map(int, sides)
    return ImageCard.model_validate({"channels": channels, "height": height, "width": width})


def _numbers(text: str, between: str, count: int, option: str) -> list[float]:
    """count: 0 for any."""
    try:
        found = [float(part) for part in text.split(between)]
    except ValueError as error:
        raise ValueError(f"{option} is numbers with {between!r} between, not {text!r}") from error
    if count and len(found) != count:
        raise ValueError(f"{option} is {count} numbers, not {len(found)}")
    return found


def _made(make: Callable[[], T]) -> T:
    """Raises ValueError where a value of the card is out of bounds."""
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"the model card would be wrong at {place}: {first['msg']}") from error


def _named(text: str) -> str:
    """A model name that is like the text."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:63] or "model"


def _write(folder: Path, card: PredictorCard, arrays: dict[str, np.ndarray], as_json: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", "utf-8")
    (folder / "model.safetensors").write_bytes(pack_arrays(arrays))
    facts = {"folder": str(folder), "name": card.name, "digest": card.digest}
    show_json(facts) if as_json else print(folder)
