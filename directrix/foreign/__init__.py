"""Predictors that were not made here: ONNX graphs and services of others, described and checked.

Without torch and without any runtime, so that the front door can refuse what may not come in.
"""

from directrix.foreign.checks import check_foreign, check_onnx, check_remote, size_of
from directrix.foreign.config import ForeignConfig, OnnxConfig, Reading, RemoteConfig
from directrix.foreign.exchange import Exchange
from directrix.foreign.folders import Facts, onnx_model, outputs_of, readings_of, remote_model
from directrix.foreign.onnx_graph import OnnxGraph, read_graph

__all__ = [
    "Exchange",
    "Facts",
    "ForeignConfig",
    "OnnxConfig",
    "OnnxGraph",
    "Reading",
    "RemoteConfig",
    "check_foreign",
    "check_onnx",
    "check_remote",
    "onnx_model",
    "outputs_of",
    "read_graph",
    "readings_of",
    "remote_model",
    "size_of",
]
