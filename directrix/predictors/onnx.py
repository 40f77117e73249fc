"""Adapter of ONNX graphs: a classifier that somebody else trained, as a black box.

Tensors: "graph", the bytes of the file. The config is `directrix.foreign.OnnxConfig`. The graph is
computed by onnxruntime, on one thread, after `directrix.foreign` has seen that it holds nothing but
standard operators on tensors. It gives no gradients.
"""

import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from directrix.batches import BATCH
from directrix.errors import ModelInvalid, NeedsUnmet
from directrix.foreign import OnnxConfig, check_onnx, size_of
from directrix.predictors.foreign_input import encode, scores_of
from directrix.predictors.predictor import Predictor
from directrix.types import PredictorCard

MOST_MEMORY = 2 * 2**30
"""Bytes that graphs of one process may fill on the CPU, weights included."""
_SILENT = 4
_ONE_AT_A_TIME = threading.Lock()


class OnnxPredictor(Predictor):
    """A session of onnxruntime behind the predictors' face.

    batch: pictures a run; less than BATCH where the graph takes a fixed number.
    """

    def __init__(
        self,
        card: PredictorCard,
        config: OnnxConfig,
        session: Any,
        batch: int,
        device: torch.device,
    ):
        super().__init__(card, device)
        self._config, self._session, self._batch = config, session, batch
        self._size = size_of(card, config)
        self._outputs = sorted({reading.output for reading in config.readings})

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """Detached from the images. Raises ModelInvalid where the graph fails on them."""
        rows = encode(images, self._config, self._size)
        parts = [self._run(rows[i : i + self._batch]) for i in range(0, len(rows), self._batch)]
        found = np.concatenate(parts) if parts else np.zeros((0, len(self.scorers)), np.float32)
        return torch.from_numpy(found).to(self.device)

    def _run(self, rows: np.ndarray) -> np.ndarray:
        """A shorter piece is filled up with its first row."""
        count = len(rows)
        filled = np.concatenate([rows, np.repeat(rows[:1], self._batch - count, 0)])
        try:
            answers = self._session.run(self._outputs, {self._config.input: filled})
        except Exception as error:  # the runtime raises many kinds, none of them ours
            raise ModelInvalid(f"the graph cannot be computed{_place(error)}") from error
        try:
            named = dict(zip(self._outputs, map(np.asarray, answers), strict=True))
            return scores_of(named, self._config, len(filled))[:count]
        except ValueError as error:
            raise ModelInvalid(
                f"the graph answers otherwise than its card says: {error}"
            ) from error


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> OnnxPredictor:
    """Tries the graph on one grey picture. Raises ModelInvalid, NeedsUnmet without onnxruntime."""
    config, graph, data = check_onnx(card, arrays)
    batch = graph.inputs[config.input].shape[0] or BATCH
    predictor = OnnxPredictor(card, config, _session(data, device), batch, device)
    image = card.image
    predictor.scores(torch.zeros(1, image.channels, image.height, image.width))
    return predictor


def _session(data: bytes, device: torch.device) -> Any:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Bytes of the runtime's own format, which is read otherwise, would pass for a graph.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return runtime.InferenceSession(data, options, providers=_providers(runtime, device))
    except Exception as error:  # as above
        raise ModelInvalid(f"onnxruntime does not take the graph{_place(error)}") from error


def _runtime() -> Any:
    """The module, once it is bounded; safe between threads. Raises NeedsUnmet."""
    with _ONE_AT_A_TIME:
        return _bounded()


@cache
def _bounded() -> Any:
    """The module, with a bound on the memory that graphs of this process may fill.

    Its arena for the CPU is one a process, whoever asks: a graph that wants more fails, and nothing
    else does.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise NeedsUnmet(
            "ONNX graphs are computed by the package onnxruntime: install it"
        ) from error
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    bounds = {"max_mem": MOST_MEMORY, "arena_extend_strategy": 1}
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(bounds))
    return onnxruntime


def _providers(runtime: Any, device: torch.device) -> list[object]:
    """CUDA where the device is one and the installed runtime has it; the CPU otherwise."""
    cuda = "CUDAExecutionProvider"
    if device.type == "cuda" and cuda in runtime.get_available_providers():
        return [(cuda, {"device_id": device.index or 0}), "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def _place(error: Exception) -> str:
    """Which node it was, if the runtime says so: its own words hold paths."""
    told = str(error)
    node = re.search(r"while running (\w+) node", told)
    reason = ", which asks for too much memory" if "Available memory" in told else ""
    return f": it fails at a node {node[1]}{reason}" if node else ""
