"""Names and layouts of the originals' weights -> those of Directrix's networks.

TensorFlow keeps filters as height, width, in, out (depthwise: height, width, channels, 1); PyTorch
as out, in, height, width.
"""

from collections.abc import Mapping

import numpy as np

Arrays = Mapping[str, np.ndarray]

STAGES = {"32": 3, "64": 3, "128": 2, "256": 2}
"""Plain residual blocks of the descriptor's stages, by width."""


def generator(source: Arrays) -> dict[str, np.ndarray]:
    """Five transposed convolutions with norms between, numbered through: "main.0", "main.1", ..."""
    found = {}
    blocks = sum(name.endswith("running_var") for name in source)
    for i in range(blocks):
        conv, norm = f"main.{3 * i}", f"main.{3 * i + 1}"
        found[f"blocks.{i}.conv.weight"] = source[f"{conv}.weight"]
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"blocks.{i}.norm.{part}"] = source[f"{norm}.{part}"]
    found["image.weight"] = source[f"main.{3 * blocks}.weight"]
    return found


def landmarks(source: Arrays) -> dict[str, np.ndarray]:
    return _dense(source, "features") | _linear(source, "fc", "points")


def attributes(age_gender: Arrays, expression: Arrays) -> dict[str, np.ndarray]:
    """The two networks side by side."""
    return {
        **_xception(age_gender, "body"),
        **_linear(age_gender, "fc/age", "age"),
        **_linear(age_gender, "fc/gender", "gender"),
        **_dense(expression, "face"),
        **_linear(expression, "fc", "expression"),
    }


def identity(source: Arrays) -> dict[str, np.ndarray]:
    """Every convolution's scale and offset are folded into its weight and bias."""
    found = _scaled(source, "conv32_down", "first")
    blocks = []
    for width, depth in STAGES.items():
        blocks += [] if width == "32" else [f"conv{width}_down"]
        blocks += [f"conv{width}_{i + 1}" for i in range(depth)]
    for place, block in enumerate([*blocks, "conv256_down_out"]):
        for part in ("conv1", "conv2"):
            found |= _scaled(source, f"{block}/{part}", f"blocks.{place}.{part}")
    return found | {"descriptor.weight": _contiguous(source["fc"].T)}


def _dense(source: Arrays, name: str) -> dict[str, np.ndarray]:
    found = _conv(source, "dense0/conv0", f"{name}.dense.0.conv0")
    for i in range(4):
        for j in range(4):
            if (i, j) != (0, 0):
                found |= _separable(source, f"dense{i}/conv{j}", f"{name}.dense.{i}.conv{j}")
    return found


def _xception(source: Arrays, name: str) -> dict[str, np.ndarray]:
    found = _conv(source, "entry_flow/conv_in", f"{name}.conv_in")
    reductions = ("entry_flow/reduction_block_0", "entry_flow/reduction_block_1")
    for i, block in enumerate([*reductions, "exit_flow/reduction_block"]):
        for j in range(2):
            made = f"{name}.reduction_{i}.conv{j}"
            found |= _separable(source, f"{block}/separable_conv{j}", made)
        found |= _conv(source, f"{block}/expansion_conv", f"{name}.reduction_{i}.around")
    for i in range(2):
        for j in range(3):
            block = f"middle_flow/main_block_{i}/separable_conv{j}"
            found |= _separable(source, block, f"{name}.main.{i}.conv{j}")
    return found | _separable(source, "exit_flow/separable_conv", f"{name}.exit")


def _conv(source: Arrays, old: str, new: str) -> dict[str, np.ndarray]:
    weight = _contiguous(source[f"{old}/filters"].transpose(3, 2, 0, 1))
    return {f"{new}.conv.weight": weight, f"{new}.conv.bias": source[f"{old}/bias"]}


def _separable(source: Arrays, old: str, new: str) -> dict[str, np.ndarray]:
    depthwise = source[f"{old}/depthwise_filter"].transpose(2, 3, 0, 1)
    pointwise = source[f"{old}/pointwise_filter"].transpose(3, 2, 0, 1)
    return {
        f"{new}.depthwise.weight": _contiguous(depthwise),
        f"{new}.pointwise.weight": _contiguous(pointwise),
        f"{new}.pointwise.bias": source[f"{old}/bias"],
    }


def _scaled(source: Arrays, old: str, new: str) -> dict[str, np.ndarray]:
    scale = source[f"{old}/scale/weights"].astype(np.float64)
    bias = source[f"{old}/conv/bias"] * scale + source[f"{old}/scale/biases"]
    weight = (source[f"{old}/conv/filters"] * scale).transpose(3, 2, 0, 1)
    return {
        f"{new}.weight": _contiguous(weight.astype(np.float32)),
        f"{new}.bias": bias.astype(np.float32),
    }


def _linear(source: Arrays, old: str, new: str) -> dict[str, np.ndarray]:
    weight = _contiguous(source[f"{old}/weights"].T)
    return {f"{new}.weight": weight, f"{new}.bias": source[f"{old}/bias"]}


def _contiguous(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array)
