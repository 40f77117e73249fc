"""Arrays into networks: devices, strictness, frozenness."""

import numpy as np
import pytest
import torch
from torch import nn

from directrix import devices
from directrix.errors import InvalidField, ModelInvalid
from directrix.networks import load

CPU = torch.device("cpu")


def arrays() -> dict[str, np.ndarray]:
    return {"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}


def test_a_loaded_network_is_frozen_and_in_evaluation_mode():
    network = load(lambda: nn.Linear(3, 2), arrays(), CPU)
    assert network(torch.tensor([[1.0, 2.0, 3.0]])).tolist() == [[6.0, 6.0]]
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_the_tensor_that_is_wrong_is_named():
    with pytest.raises(ModelInvalid, match=r"'weight'.*float32 \[4, 3\]") as caught:
        load(lambda: nn.Linear(3, 4), arrays(), CPU)
    assert caught.value.metadata == {"tensor": "weight"}
    with pytest.raises(ModelInvalid, match="'bias' is missing"):
        load(lambda: nn.Linear(3, 2), {"weight": arrays()["weight"]}, CPU)
    with pytest.raises(ModelInvalid, match="'bias' is not part"):
        load(lambda: nn.Linear(3, 2, bias=False), arrays(), CPU)


def test_devices_are_found_by_name():
    assert devices.device("cpu") == CPU
    with pytest.raises(InvalidField, match="no device: use cpu"):
        devices.device("toaster")
    with pytest.raises(InvalidField, match="has no device"):
        devices.device("meta")
    with pytest.raises(InvalidField, match="has no device 'cuda:99'"):
        devices.device("cuda:99")


def test_auto_is_the_gpu_where_there_is_one():
    assert devices.device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_on_cuda_float32_is_float32_and_repeatable():
    settings = (torch.backends.cudnn, "allow_tf32"), (torch.backends.cuda.matmul, "allow_tf32")
    settings += (torch.backends.cudnn, "deterministic"), (torch.backends.cudnn, "benchmark")
    before = [getattr(*each) for each in settings]
    try:
        for owner, name in settings:
            setattr(owner, name, name != "deterministic")
        devices.make_repeatable()
        assert [getattr(*each) for each in settings] == [False, False, True, False]
    finally:
        for (owner, name), value in zip(settings, before, strict=True):
            setattr(owner, name, value)


def test_only_cuda_records_calls():
    with pytest.raises(InvalidField, match="only CUDA records calls, not cpu"):
        devices.record(lambda rows: rows, torch.zeros(2, 3))


def test_previews_use_bfloat16_only_where_it_is_native():
    native = torch.cpu.get_capabilities().get("avx512_bf16", False)
    assert devices.preview_dtype(CPU) is (torch.bfloat16 if native else None)


def test_threads_are_limited():
    before = torch.get_num_threads()
    try:
        devices.limit_threads(1)
        assert torch.get_num_threads() == 1
    finally:
        devices.limit_threads(before)
