"""Pictures of correlation analysis: `python -m tests.benchmarks.correlation_sheets [NAME...]`.

map          latents of real Fashion-MNIST images, by t-SNE, coloured by class: the paper's Fig. 1
translations class into class along a controlling set, and what controls make of the same latents
curves       importance of every coordinate, sorted, class by class
"""

import sys
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from sklearn.manifold import TSNE

from directrix import generators, methods
from directrix.client.sheets import Sheet
from directrix.generators import Generator
from directrix.inversion import Search, invert
from directrix.methods.intervention import SequentialIntervention
from directrix.metrics import complement, gini, random_sets
from directrix.model_files import read_model
from directrix.types import Space
from directrix.zoo import fashion_data
from directrix.zoo.model_folder import BUILT
from tests.benchmarks import bench_correlation as bench
from tests.benchmarks import bundled
from tests.benchmarks.clothes import Clothes, moved, restricted, stretched
from tests.benchmarks.evidence import FOLDER

COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
    "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
INK, PAPER = "#46464e", "#ffffff"
EACH, STEPS = 50, 60
"""Real images of a class, and steps of their inversion."""
TSNE_SEED = 20_150_101
"""That of the authors' code."""
SIDE, EDGE = 460, 14
PAIRS = (("sneaker", "boot"), ("dress", "trouser"), ("trouser", "dress"), ("shirt", "t-shirt"))
STRENGTHS = (0.0, 1.0, 2.0, 3.0, 4.0)


def main() -> None:
    torch.set_num_threads(1)
    sheets: dict[str, Callable[[], bytes | Image.Image]] = {
        "map": draw_map,
        "translations": draw_translations,
        "curves": draw_curves,
    }
    folder = FOLDER / "correlation"
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or sheets:
        made = sheets[name]()
        path = folder / f"{name}.png"
        path.write_bytes(made) if isinstance(made, bytes) else made.save(path, optimize=True)
        print(path, flush=True)


# ---- the map of real images


def draw_map() -> Image.Image:
    """One panel a space: Z of the ladder's DCGAN where it is built, W of the bundled generator."""
    images, labels = real_images()
    panels = []
    rung = BUILT / "fashion-dcgan-z64-192k"
    if rung.exists():
        dcgan = generators.build(*read_model(rung), torch.device("cpu"))
        panels.append(("Z of a DCGAN", embed(dcgan, images, Space.Z)))
    style = bundled.load_generator(bundled.GENERATOR)
    panels.append(("W of the style-based generator", embed(style, images, Space.W)))
    sheet = Image.new("RGB", (len(panels) * (SIDE + EDGE) + EDGE, SIDE + 3 * EDGE + 50), PAPER)
    for place, (title, latents) in enumerate(panels):
        panel = scatter(reduce(latents), labels, title)
        sheet.paste(panel, (EDGE + place * (SIDE + EDGE), EDGE))
    legend(sheet, SIDE + 2 * EDGE + 8)
    return sheet


def real_images() -> tuple[torch.Tensor, np.ndarray]:
    """EACH test images of every class."""
    images, labels = fashion_data.load("test")
    rows = np.concatenate([np.flatnonzero(labels == c)[:EACH] for c in range(10)])
    return torch.tensor(images[rows]), labels[rows]


def embed(generator: Generator, images: torch.Tensor, space: Space) -> np.ndarray:
    """Latents [N, d] of real images, by optimisation."""
    search = Search(space, steps=STEPS)
    parts = [invert(generator, batch, search) for batch in images.split(50)]
    errors = torch.cat([part.errors for part in parts])
    print(f"{generator.card.name} {space}: mean squared error {errors.mean():.4f}", flush=True)
    return torch.cat([part.latents for part in parts]).numpy()


def reduce(latents: np.ndarray) -> np.ndarray:
    """t-SNE [N, 2], scaled into the unit square."""
    points = TSNE(random_state=TSNE_SEED, init="pca", perplexity=30).fit_transform(latents)
    low, high = points.min(0), points.max(0)
    return (points - low) / (high - low)


def scatter(points: np.ndarray, labels: np.ndarray, title: str) -> Image.Image:
    factor = 3
    panel = Image.new("RGB", (SIDE * factor, SIDE * factor), "#f7f7f9")
    pen, radius = ImageDraw.Draw(panel), 3.4 * factor
    for (x, y), label in zip(points, labels, strict=True):
        cx, cy = (20 + x * (SIDE - 40)) * factor, (34 + (1 - y) * (SIDE - 54)) * factor
        pen.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=COLOURS[label])
    panel = panel.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    ImageDraw.Draw(panel).text((12, 8), title, INK, font(15))
    return panel


def legend(sheet: Image.Image, top: int) -> None:
    pen, step = ImageDraw.Draw(sheet), (sheet.width - 2 * EDGE) // 5
    for place, name in enumerate(fashion_data.CLASSES):
        x, y = EDGE + (place % 5) * step, top + (place // 5) * 22
        pen.ellipse((x, y + 3, x + 11, y + 14), fill=COLOURS[place])
        pen.text((x + 17, y), name, INK, font(14))


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


# ---- translations


def draw_translations() -> bytes:
    """One row a pair: growing strength on the set; then the controls at the greatest."""
    clothes = Clothes(bundled.load_generator(bundled.GENERATOR), bench.SPACE, bench.STARTS_SEED)
    starts = clothes.starts(4)
    rows, labels = [], []
    for names in PAIRS:
        pair = tuple(clothes.classes.index(name) for name in names)
        whole = bench.controlling(clothes, pair, bench.SETTINGS)
        dimension = len(whole.coordinates)
        chosen = restricted(whole, whole.coordinates[: bench.SET])
        length = float(np.linalg.norm(chosen.values))
        other = random_sets(bench.SET, dimension, 1, seed=1)[0]
        rest = complement(chosen.coordinates, dimension)
        point = starts[pair[0]][1:2]
        ends = [moved(point, chosen, alpha) for alpha in STRENGTHS]
        ends += [
            moved(point, stretched(restricted(whole, coordinates), length), bench.ALPHA)
            for coordinates in (other, rest)
        ]
        rows.append(tuple(picture(clothes, end) for end in ends))
        labels.append(f"{names[0]} to {names[1]}")
    columns = (*(f"{a:g}" if a else "as it is" for a in STRENGTHS), "random set", "the others")
    return Sheet(tuple(rows), tuple(labels), columns).png(3)


@torch.inference_mode()
def picture(clothes: Clothes, points: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 1] of one latent [1, d]."""
    image = clothes.generator.synthesise(torch.tensor(points), clothes.space)[0]
    return ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


# ---- importance


def draw_curves() -> Image.Image:
    """Importance as a share of the largest, sorted; one line a class."""
    clothes = Clothes(bundled.load_generator(bundled.GENERATOR), bench.SPACE, bench.STARTS_SEED)
    params = methods.parse(
        "intervention", {"space": bench.SPACE.value, "samples": 8, "deltas": [-3, 3]}
    )
    analysis = SequentialIntervention(params).analyse(clothes.problem(bench.FIT_SEED))
    width, height, factor = 560, 300, 3
    sheet = Image.new("RGB", (width * factor, height * factor), PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, importance in enumerate(analysis.importance.T):
        ranked = np.sort(importance)[::-1] / importance.max()
        x = np.linspace(46, width - 150, len(ranked)) * factor
        y = (height - 34 - ranked * (height - 56)) * factor
        pen.line(list(zip(x, y, strict=True)), fill=COLOURS[place], width=5)
    sheet = sheet.resize((width, height), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(sheet)
    pen.line((46, 18, 46, height - 34, width - 150, height - 34), fill=INK)
    for text, at in (("1", (30, 14)), ("0", (30, height - 46))):
        pen.text(at, text, INK, font(13))
    pen.text((60, height - 28), "coordinates of W, most important first", INK, font(13))
    for place, name in enumerate(analysis.labels):
        y = 20 + place * 24
        pen.line((width - 138, y + 8, width - 118, y + 8), fill=COLOURS[place], width=3)
        share = gini(analysis.importance[:, place])
        pen.text((width - 112, y), f"{name} {share:.2f}", INK, font(13))
    return sheet


if __name__ == "__main__":
    main()
