"""Exchange: how a predictor here reaches one that somebody else runs. The port; services carry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from directrix.foreign.config import RemoteConfig


class Exchange(ABC):
    """Brings batches to services and their answers back; safe between threads."""

    @abstractmethod
    def check(self, alias: str) -> None:
        """Raises RemoteUnknown where nobody has said where the service is. Connects nothing."""

    @abstractmethod
    def ask(
        self, config: RemoteConfig, batch: np.ndarray, outputs: Sequence[str]
    ) -> Mapping[str, np.ndarray]:
        """What the model answers to a batch in the config's layout: its outputs by name.

        Raises RemoteUnknown, RemoteUnavailable, which trying again may help, and RemoteMismatch
        where it is not the model, or the version, that the config names.
        """
