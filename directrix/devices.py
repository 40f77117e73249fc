"""Where things run: the one place that knows of devices, threads and what is native to them."""

import torch

from directrix.errors import InvalidField


def device(name: str) -> torch.device:
    """The device called "cpu", "cuda", "cuda:1" or "mps".

    Raises InvalidField where the name is unknown or this machine has no such device.
    """
    try:
        found = torch.device(name)
    except RuntimeError as error:
        raise InvalidField(
            f"{name!r} is no device: use cpu, cuda, cuda:1 or mps", field="device"
        ) from error
    if not _present(found):
        raise InvalidField(f"this machine has no device {name!r}", field="device")
    return found


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
