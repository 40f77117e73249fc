"""Pictures as a foreign classifier wants to see them, and its answers as scores."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.foreign import ForeignConfig
from directrix.foreign.checks import Size

LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue. Source: ITU-R BT.601."""


def encode(images: Tensor, config: ForeignConfig, size: Size) -> np.ndarray:
    """Images [N, C, H, W] in [-1, 1], clipped there -> a batch in the config's layout and kind."""
    values = images.float().clamp(-1, 1)
    if size.channels != values.shape[1]:
        values = _recoloured(values, size.channels)
    if values.shape[2:] != (size.height, size.width):
        values = F.interpolate(
            values, (size.height, size.width), mode="bilinear", align_corners=False, antialias=True
        )
    values = config.low + (values + 1) * ((config.high - config.low) / 2)
    if config.mean:
        values = values - values.new_tensor(config.mean)[:, None, None]
    if config.deviation:
        values = values / values.new_tensor(config.deviation)[:, None, None]
    if config.layout == "nhwc":
        values = values.permute(0, 2, 3, 1)
    if config.kind == "uint8":
        values = values.round().to(torch.uint8)
    return np.ascontiguousarray(values.cpu().numpy())


def scores_of(answers: Mapping[str, np.ndarray], config: ForeignConfig, count: int) -> np.ndarray:
    """Outputs [N, columns] or [N] by name -> scores float32 [N, K].

    Raises ValueError, saying what is wrong with them.
    """
    columns = []
    for reading in config.readings:
        answer = answers[reading.output]
        rows = answer.reshape(len(answer), -1) if answer.ndim else answer.reshape(1, 1)
        if len(rows) != count or answer.dtype.kind not in "fiub":
            raise ValueError(f"output {reading.output!r} is not one row of numbers a picture")
        if reading.column >= rows.shape[1]:
            raise ValueError(
                f"output {reading.output!r} has {rows.shape[1]} columns, and none {reading.column}"
            )
        columns.append(reading.sign * rows[:, reading.column].astype(np.float32))
    scores = np.stack(columns, 1)
    if not np.isfinite(scores).all():
        raise ValueError("some of its numbers are not finite")
    return scores


def _recoloured(values: Tensor, channels: int) -> Tensor:
    if channels == 3:
        return values.expand(-1, 3, -1, -1)
    return (values * values.new_tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True)
