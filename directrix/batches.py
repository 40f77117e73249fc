"""Batches whose result does not depend on who else is in them.

The floats of a network change with the batch size (another kernel, another order of sums), with
the alignment of its input, and for some widths with the position of a row. So rows go through it
in fresh memory, in chunks of exactly BATCH, the last one filled up with its first row; and where
even then the position of a row matters, one by one. What was measured: docs/determinism.md.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

BATCH = 16
"""Rows of every chunk whose result counts."""

Network = Callable[[Tensor], Tensor]


def chunks(rows: Tensor, size: int = BATCH) -> Iterator[Tensor]:
    """Rows [N, ...] in pieces of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def fill(rows: Tensor, size: int = BATCH) -> Tensor:
    """Rows [n, ...] with n <= size -> [size, ...] in fresh memory, filled with the first row."""
    filled = rows.new_empty((size, *rows.shape[1:]))
    filled[: len(rows)] = rows
    filled[len(rows) :] = rows[:1]
    return filled


def in_fixed_batches(network: Network, rows: Tensor) -> Tensor:
    """network(rows) [N, ...] in chunks of exactly BATCH."""
    if len(rows) == 0:
        return network(rows)
    parts = [network(fill(chunk))[: len(chunk)] for chunk in chunks(rows)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


class Steady:
    """Runs a network so that a row's floats depend on the row alone.

    probe(i) gives the i-th batch [BATCH, ...] of sample rows; `probes` batches of them decide, bit
    for bit and when first asked, whether chunks of BATCH are steady and which smaller sizes give
    the same floats without being filled up.
    """

    def __init__(self, network: Network, probe: Callable[[int], Tensor], probes: int):
        self._network = network
        self._probe = probe
        self._probes = probes
        self._exact: dict[int, bool] = {}

    @property
    def batch(self) -> int:
        """Rows a chunk at most: BATCH, or 1 where the position of a row changes its floats."""
        if BATCH not in self._exact:
            self._exact[BATCH] = all(self._turns(rows) for rows in self._rows())
        return BATCH if self._exact[BATCH] else 1

    def size(self, count: int) -> int:
        """The size to run `count` <= batch rows at: itself where that is exact, else `batch`."""
        if self.batch == 1:
            return 1
        if count not in self._exact:
            self._exact[count] = all(self._agrees(rows, count) for rows in self._rows())
        return count if self._exact[count] else BATCH

    def __call__(self, rows: Tensor) -> Tensor:
        """network(rows) [N, ...], N >= 0."""
        if len(rows) == 0:
            return self._network(rows)
        parts = [self._run(chunk) for chunk in chunks(rows, self.batch)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _run(self, chunk: Tensor) -> Tensor:
        return self._network(fill(chunk, self.size(len(chunk))))[: len(chunk)]

    def _rows(self) -> Sequence[Tensor]:
        return [fill(self._probe(i)) for i in range(self._probes)]

    def _turns(self, rows: Tensor) -> bool:
        """Every row gives the same floats one position further on."""
        turned = self._network(fill(rows.roll(1, 0)))
        return torch.equal(turned, self._network(rows).roll(1, 0))

    def _agrees(self, rows: Tensor, count: int) -> bool:
        few = self._network(fill(rows[:count], count))
        return torch.equal(few, self._network(rows)[:count])
