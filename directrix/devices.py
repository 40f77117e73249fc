"""Where things run: the one place that knows of devices, threads and what is native to them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from directrix.errors import InvalidField


def device(name: str) -> torch.device:
    """The device called "cpu", "cuda", "cuda:1" or "mps"; "auto" is CUDA's where there is one,
    else the CPU.

    On CUDA, float32 means float32 from now on in this process, and the same call the same floats.
    Raises InvalidField where the name is unknown or this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(name)
    except RuntimeError as error:
        raise InvalidField(
            f"{name!r} is no device: use cpu, cuda, cuda:1, mps or auto", field="device"
        ) from error
    if not _present(found):
        raise InvalidField(f"this machine has no device {name!r}", field="device")
    if found.type == "cuda":
        make_repeatable()
    return found


def make_repeatable() -> None:
    """CUDA's convolutions and products keep all bits of float32 (no TF32), by algorithms that do
    not depend on chance or on what was fastest at first."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def limit_threads(count: int) -> None:
    """torch computes with `count` threads in this process from now on."""
    torch.set_num_threads(count)


def preview_dtype(where: torch.device) -> torch.dtype | None:
    """bfloat16 where the device computes in it natively; None means stay in float32."""
    if where.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif where.type == "cpu":
        native = torch.cpu.get_capabilities().get("avx512_bf16", False)
    else:
        native = False
    return torch.bfloat16 if native else None


WARM_UPS = 3
"""Calls before one is recorded: libraries choose their algorithms and take their memory in them."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One call on rows of one shape as a CUDA graph: replayed, its kernels start all at once."""

    graph: "torch.cuda.CUDAGraph"
    rows: Tensor
    made: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """What the recorded call makes of these rows. Raises InvalidField for another shape."""
        if rows.shape != self.rows.shape:
            raise InvalidField(
                f"recorded for {list(self.rows.shape)}, not {list(rows.shape)}", field="rows"
            )
        self.rows.copy_(rows)
        self.graph.replay()
        return self.made.clone()


@torch.inference_mode()
def record(call: Callable[[Tensor], Tensor], rows: Tensor) -> Recording:
    """The call on rows of this shape, recorded. Whatever it does besides starting kernels (drawing
    noise by seed, looking at values) is done now and never again.

    Raises InvalidField where the rows are not on a CUDA device.
    """
    if rows.device.type != "cuda":
        raise InvalidField(f"only CUDA records calls, not {rows.device}", field="device")
    own = rows.clone()
    here, aside = torch.cuda.current_stream(rows.device), torch.cuda.Stream(rows.device)
    aside.wait_stream(here)
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            call(own)
    here.wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = call(own)
    return Recording(graph, own, made)


def _present(found: torch.device) -> bool:
    match found.type:
        case "cpu":
            return True
        case "cuda":
            return torch.cuda.is_available() and (found.index or 0) < torch.cuda.device_count()
        case "mps":
            return torch.backends.mps.is_available()
        case _:
            return False
