"""Images per second through gateway and replica, as a ratio to the bare model.

The model is the DCGAN architecture of 64 x 64 RGB with random weights. Every cell is a closed loop
of C callers in a process of their own; the bare model (one thread, batch 64, float32, uint8
conversion included) is measured right before and right after it. Answers are compared with what
the bare model gives, byte by byte.
"""

import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from directrix import generators
from directrix.archive import pack_arrays, to_pixels
from directrix.client import Client
from directrix.generators import Generator, dcgan
from directrix.types import Space
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.system import ONE_REPLICA, System, running

CONFIG = {"z_dim": 100, "widths": [512, 256, 128, 64], "image_channels": 3}
SECONDS, WARMUP = 6.0, 2.0
BARE_SECONDS, BARE_BATCH = 3.0, 64
CALLERS = (1, 8, 32, 64)


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    card, arrays = dcgan.card(CONFIG, name="bench-dcgan"), dcgan.random_arrays(CONFIG, seed=0)
    generator = generators.build(card, arrays, torch.device("cpu"))
    evidence.settings = {"model": "dcgan 64x64x3, random weights", "form": "result, float32"}
    evidence.settings |= {"seconds": SECONDS, "bare_batch": BARE_BATCH}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(evidence, generator, Path(folder))
        full = Path("build/bench/stack-full")
        with running(full, "full", environment=ONE_REPLICA) as system:
            bench.register(system, card.model_dump_json(), pack_arrays(arrays))
            for callers in CALLERS:
                target = {"at_least": 0.65} if callers == 32 else {}
                bench.cell(system, f"raw_ratio_c{callers}", callers, "ENCODING_RAW", **target)
            bench.cell(system, "png_ratio_c32", 32, "ENCODING_PNG")
        with running(Path("build/bench/stack-lite"), "lite") as system:
            bench.register(system, card.model_dump_json(), pack_arrays(arrays))
            bench.cell(system, "plain_ratio_c32", 32, "ENCODING_RAW")


class Bench:
    """One generator, near and behind the gateway."""

    def __init__(self, evidence: Evidence, generator: Generator, folder: Path):
        self.evidence = evidence
        self.generator = generator
        self.folder = folder
        self.digest = ""
        self.seed = 0
        self.cells: list[dict] = []
        """What was measured, cell by cell; the rows hold one answer each."""
        evidence.settings["cells"] = self.cells

    def register(self, system: System, card: str, tensors: bytes) -> None:
        with Client(system.endpoint) as client:
            self.digest = client.register_model("bench-dcgan", card, tensors).digest

    def cell(self, system: System, name: str, callers: int, encoding: str, **target) -> None:
        before = self._bare_rate()
        answers = self._load(system, callers, encoding)
        bare = (before + self._bare_rate()) / 2
        wrong = self._wrong(answers, encoding)
        latencies = answers["latencies"]
        rate = len(latencies) / SECONDS
        p50, p99 = np.percentile(latencies, [50, 99]) * 1000
        self.cells.append(
            {
                "cell": name, "callers": callers, "encoding": encoding, "images_per_second": rate,
                "bare_images_per_second": bare, "compared": len(answers["sizes"]),
            }
        )  # fmt: skip
        for latency in latencies:
            self.evidence.row(cell=name, milliseconds=round(latency * 1000, 3))
        count = len(latencies)
        self.evidence.figure(name, rate / bare, "ratio", n=count, **target)
        if name.startswith("raw"):
            self.evidence.figure(name.replace("ratio", "p50_ms"), p50, "ms", n=count)
            self.evidence.figure(name.replace("ratio", "p99_ms"), p99, "ms", n=count)
        compared = len(answers["sizes"])
        different = name.replace("ratio", "different_answers")
        self.evidence.figure(different, wrong, "images", at_most=0, n=compared)

    def _bare_rate(self) -> float:
        latents = torch.randn(BARE_BATCH, CONFIG["z_dim"])
        count, start = 0, time.perf_counter()
        with torch.inference_mode():
            while time.perf_counter() - start < BARE_SECONDS:
                _pixels(self.generator.synthesise(latents, Space.Z))
                count += BARE_BATCH
        return count / (time.perf_counter() - start)

    def _load(self, system: System, callers: int, encoding: str) -> dict[str, np.ndarray]:
        self.seed += 1
        spec = {
            "endpoint": system.endpoint, "model": "projects/default/models/bench-dcgan",
            "digest": self.digest, "dimension": CONFIG["z_dim"], "callers": callers,
            "encoding": encoding, "seconds": SECONDS, "warmup": WARMUP, "seed": self.seed,
        }  # fmt: skip
        spec_path, out_path = self.folder / "spec.json", self.folder / "out.npz"
        spec_path.write_text(json.dumps(spec))
        command = [sys.executable, "-m", "tests.benchmarks.load", str(spec_path), str(out_path)]
        subprocess.run(command, check=True)
        return dict(np.load(out_path))

    def _wrong(self, answers: dict[str, np.ndarray], encoding: str) -> int:
        """How many sampled answers differ from the bare model's pixels in any byte."""
        latents = torch.from_numpy(answers["latents"])
        with torch.inference_mode():
            images = [self.generator.synthesise(z, Space.Z) for z in latents.split(BARE_BATCH)]
        wanted = to_pixels(torch.cat(images).numpy())
        pieces = np.split(answers["answers"], np.cumsum(answers["sizes"])[:-1])
        return sum(
            not np.array_equal(_decode(piece, encoding, pixels.shape), pixels)
            for piece, pixels in zip(pieces, wanted, strict=True)
        )


def _pixels(images: torch.Tensor) -> bytes:
    scaled = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().numpy().tobytes()


def _decode(data: np.ndarray, encoding: str, shape: tuple[int, ...]) -> np.ndarray:
    if encoding == "ENCODING_RAW":
        return data.reshape(shape)
    return np.asarray(Image.open(io.BytesIO(data.tobytes())))
