"""GrpcExchange: batches to services that speak the Open Inference Protocol v2, and back."""

import threading
import time
from collections.abc import Mapping, Sequence

import grpc
import numpy as np

from directrix.errors import DirectrixError, RemoteMismatch, RemoteUnavailable, RemoteUnknown
from directrix.foreign import Exchange, RemoteConfig
from directrix.inference.open_inference import open_inference_pb2 as pb
from services.remote.targets import SETTING, Target
from services.remote.tensors import outputs_of, request_of

METHOD = "/inference.GRPCInferenceService/ModelInfer"
ATTEMPTS = 3
RETRY_SECONDS = 0.1
"""Before the second attempt; before the third, twice as long."""
MOST_BYTES = 64 * 1024 * 1024

_OPTIONS = [
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # The address is the operator's: no variable of the environment leads calls elsewhere.
    ("grpc.enable_http_proxy", 0),
]

_REFUSALS = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)
"""That trying again does not help."""


class GrpcExchange(Exchange):
    """One channel a target, opened when it is first asked.

    seconds: what a call may take, all attempts together. roots: PEM of the authorities that vouch
    for targets with TLS; the system's own where there are none.
    """

    def __init__(
        self, targets: Mapping[str, Target], seconds: float = 5.0, roots: bytes | None = None
    ):
        self._targets = dict(targets)
        self._seconds = seconds
        self._roots = roots
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def check(self, alias: str) -> None:
        if alias not in self._targets:
            raise RemoteUnknown(
                f"the setting {SETTING} names no service {alias!r}: the operator says there where "
                "it is",
                alias=alias,
            )

    def ask(
        self, config: RemoteConfig, batch: np.ndarray, outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        self.check(config.alias)
        request = request_of(config.model, config.version, config.input, batch, outputs)
        answer = self._answer(config.alias, request)
        told = (answer.model_name or config.model, answer.model_version)
        if told != (config.model, config.version):
            raise RemoteMismatch(
                f"the remote predictor {config.alias} answers as {told[0][:60]!r}, version "
                f"{told[1][:60]!r}; the card names {config.model!r}, version {config.version!r}",
                alias=config.alias,
                version=told[1][:60],
            )
        try:
            return outputs_of(answer, outputs)
        except ValueError as error:
            what = f"the remote predictor {config.alias} answers otherwise than the card says"
            raise RemoteMismatch(f"{what}: {error}", alias=config.alias) from error

    def close(self) -> None:
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    def _answer(self, alias: str, request: pb.ModelInferRequest) -> pb.ModelInferResponse:
        """Asks again on UNAVAILABLE, as long as there is time. Raises as `ask` does."""
        call = self._channel(alias).unary_unary(
            METHOD,
            request_serializer=pb.ModelInferRequest.SerializeToString,
            response_deserializer=pb.ModelInferResponse.FromString,
        )
        end = time.monotonic() + self._seconds
        for attempt in range(ATTEMPTS):
            left = end - time.monotonic()
            try:
                return call(request, timeout=max(left, 0.001))
            except grpc.RpcError as error:
                pause = RETRY_SECONDS * 2**attempt
                again = error.code() is grpc.StatusCode.UNAVAILABLE and attempt + 1 < ATTEMPTS
                if not again or end - time.monotonic() < pause:
                    raise self._error(alias, error.code()) from error
            time.sleep(pause)
        raise self._error(alias, grpc.StatusCode.UNAVAILABLE)

    def _error(self, alias: str, code: grpc.StatusCode) -> DirectrixError:
        """Its message is ours: the service's own may name whatever it likes."""
        if code in _REFUSALS:
            return RemoteMismatch(
                f"the remote predictor {alias} refuses the request with {code.name}",
                alias=alias,
                status=code.name,
            )
        late = f"did not answer within {self._seconds:g} s"
        slow = code is grpc.StatusCode.DEADLINE_EXCEEDED
        what = late if slow else "cannot be reached or fails"
        return RemoteUnavailable(
            f"the remote predictor {alias} {what}; try again", alias=alias, status=code.name
        )

    def _channel(self, alias: str) -> grpc.Channel:
        target = self._targets[alias]
        with self._lock:
            if alias not in self._channels:
                if target.secure:
                    trust = grpc.ssl_channel_credentials(self._roots)
                    channel = grpc.secure_channel(target.address, trust, _OPTIONS)
                else:
                    channel = grpc.insecure_channel(target.address, _OPTIONS)
                self._channels[alias] = channel
            return self._channels[alias]
