"""Arrays into networks: strictly, frozen, in evaluation mode."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import nn

from directrix.card_config import AdapterConfig, read_config
from directrix.errors import ModelInvalid

__all__ = ["AdapterConfig", "Width", "check", "check_names", "load", "read_config"]

Width = Annotated[int, Field(ge=1, le=4096)]
"""The channels of a layer."""

Module = TypeVar("Module", bound=nn.Module)


def load(
    build: Callable[[], Module], arrays: Mapping[str, np.ndarray], device: torch.device
) -> Module:
    """The network with exactly these tensors. Raises ModelInvalid, naming the one that is wrong.

    It is first built without memory, so that a card that claims too much costs nothing. Counters
    of training steps may be left out. Its maps keep channels last, which convolutions,
    pooling and up-sampling take faster on CPUs.
    """
    with torch.device("meta"):
        network = build()
    expected = network.state_dict()
    state = {}
    for name, tensor in expected.items():
        if name not in arrays and not tensor.is_floating_point():
            state[name] = torch.zeros_like(tensor, device=device)
            continue
        check(name, tuple(tensor.shape), tensor.dtype, arrays)
        state[name] = torch.tensor(arrays[name], device=device)
    check_names(expected, arrays)
    network.load_state_dict(state, assign=True)
    return network.to(memory_format=torch.channels_last).requires_grad_(False).eval()


def check(
    name: str, shape: tuple[int, ...], dtype: torch.dtype, arrays: Mapping[str, np.ndarray]
) -> None:
    """Raises ModelInvalid where the tensor is missing or is another than the card says."""
    if name not in arrays:
        raise ModelInvalid(f"tensor {name!r} is missing", tensor=name)
    array = arrays[name]
    kind = str(dtype).removeprefix("torch.")
    if array.shape != shape or array.dtype.name != kind:
        raise ModelInvalid(
            f"tensor {name!r} is {array.dtype.name} {list(array.shape)}, "
            f"the card asks for {kind} {list(shape)}",
            tensor=name,
        )


def check_names(expected: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ModelInvalid where there are tensors that the architecture does not know."""
    for name in sorted(arrays):
        if name not in expected:
            raise ModelInvalid(f"tensor {name!r} is not part of this architecture", tensor=name)
