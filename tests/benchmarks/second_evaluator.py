"""A second opinion on faces: other networks by other makers, in Node; no method has their slopes.

MediaPipe's face mesh (468 points in space), HSE's age and gender (`faceres`) and Arriaga's
emotions, as npm `@vladmandic/human` ships them (MIT), on TensorFlow.js. Scores are means over a
picture and its mirror image, as Directrix's own are. `make models-faces` obtains the files.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

SCRIPT = Path(__file__).with_suffix(".mjs")
POINTS, BATCH = 468, 16
WIDTHS = {"facemesh": 3 * POINTS, "emotion": 7, "faceres": 101}
HAPPY = 3

# What the points of the mesh are called after; left and right are the picture's.
EYES = ((33, 133, 159, 145), (263, 362, 386, 374))
CORNERS, INNER_LIPS = (61, 291), (13, 14)
TOP, CHIN = 10, 152


class SecondEvaluator:
    """A Node process with the networks; a context manager.

    folder: where `make models-faces` keeps the originals. networks: faceres costs ten times as much
    as the others together.
    """

    def __init__(self, folder: Path, networks: Sequence[str] = tuple(WIDTHS)):
        self._networks = tuple(networks)
        command = ["node", "--no-warnings", str(SCRIPT), str(folder.resolve()), *networks]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> "SecondEvaluator":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._node.stdin and self._node.stdout
        self._node.stdin.close()
        self._node.wait(30)
        self._node.stdout.close()

    def scores(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Images [N, 3, 64, 64] in [-1, 1] -> name -> scores [N].

        facemesh: yaw, pitch (degrees), mouth-open, mouth-width, smile (distances between the eyes).
        emotion: happy (log-odds). faceres: male (log-odds), age (years). Signs as Directrix's.
        """
        once, mirrored = self._once(images), self._once(images[..., ::-1])
        odd = {"yaw"}  # turns its sign in the mirror
        return {
            name: (value + (-1 if name in odd else 1) * mirrored[name]) / 2
            for name, value in once.items()
        }

    def _once(self, images: np.ndarray) -> dict[str, np.ndarray]:
        pixels = ((images.transpose(0, 2, 3, 1).clip(-1, 1) + 1) / 2).astype("<f4")
        parts = [self._answer(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
        rows, found, start = np.concatenate(parts), {}, 0
        for name in self._networks:
            part = rows[:, start : start + WIDTHS[name]]
            start += WIDTHS[name]
            if name == "facemesh":
                found |= read_mesh(part.reshape(-1, POINTS, 3))
            elif name == "emotion":
                found["happy"] = _log_odds(part[:, HAPPY])
            else:
                found["male"] = _log_odds(part[:, 0])
                found["age"] = part[:, 1:] @ np.arange(100.0)
        return found

    def _answer(self, pixels: np.ndarray) -> np.ndarray:
        node = self._node
        assert node.stdin and node.stdout
        node.stdin.write(np.uint32(len(pixels)).tobytes() + pixels.tobytes())
        node.stdin.flush()
        width = sum(WIDTHS[name] for name in self._networks)
        data = node.stdout.read(4 * width * len(pixels))
        if len(data) != 4 * width * len(pixels):
            raise RuntimeError(f"the second evaluator has ended with {node.wait(10)}")
        return np.frombuffer(data, "<f4").reshape(len(pixels), width).astype(np.float64)


def read_mesh(points: np.ndarray) -> dict[str, np.ndarray]:
    """Points [N, 468, 3] (x right, y down, z away from the camera) -> name -> [N]."""
    left, right = (points[:, list(eye)].mean(1) for eye in EYES)
    across, upright = right - left, points[:, CHIN] - points[:, TOP]
    unit = np.linalg.norm(across, axis=1)
    down = upright / np.linalg.norm(upright, axis=1, keepdims=True)

    def between(a: int, b: int) -> np.ndarray:
        return np.linalg.norm(points[:, a] - points[:, b], axis=1) / unit

    def height(pair: tuple[int, int]) -> np.ndarray:
        return np.einsum("npk,nk->np", points[:, list(pair)], down).mean(1) / unit

    width = between(*CORNERS)
    return {
        "yaw": np.degrees(np.arctan2(across[:, 2], across[:, 0])),
        "pitch": -np.degrees(np.arctan2(upright[:, 2], upright[:, 1])),
        "mouth-open": between(*INNER_LIPS),
        "mouth-width": width,
        "smile": width + height(INNER_LIPS) - height(CORNERS),
    }


def _log_odds(probability: np.ndarray) -> np.ndarray:
    bounded = probability.clip(1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded))
