"""Fixed batches: what is filled up, and which sizes may do without."""

import torch

from directrix.batches import BATCH, Steady, fill, in_fixed_batches


def rows(count: int) -> torch.Tensor:
    return torch.arange(count * 2.0).reshape(count, 2)


def test_a_short_chunk_is_filled_with_its_first_row():
    filled = fill(rows(3), 5)
    assert filled.tolist() == [[0, 1], [2, 3], [4, 5], [0, 1], [0, 1]]
    assert fill(rows(5), 5).tolist() == rows(5).tolist()


def test_a_network_sees_full_batches_only():
    sizes = []

    def network(batch):
        sizes.append(len(batch))
        return batch * 2

    for count in (1, 16, 33):
        assert torch.equal(in_fixed_batches(network, rows(count)), rows(count) * 2)
    assert set(sizes) == {BATCH}
    assert len(sizes) == 1 + 1 + 3
    assert in_fixed_batches(network, rows(0)).shape == (0, 2)


def exact_but_below(least: int, calls: list[int]):
    def network(batch):
        calls.append(len(batch))
        return batch + (1e-6 if len(batch) < least else 0)

    return network


def test_sizes_are_measured_once_and_kept_only_where_they_are_exact():
    calls: list[int] = []
    steady = Steady(exact_but_below(4, calls), lambda i: rows(BATCH) / (1000 + i), probes=2)
    assert calls == []
    assert [steady.size(n) for n in (16, 8, 3, 8, 3)] == [16, 8, BATCH, 8, BATCH]
    assert calls == [BATCH] * 4 + [8, BATCH, 8, BATCH] + [3, BATCH]


def test_rows_run_at_sizes_that_agree():
    calls: list[int] = []
    steady = Steady(exact_but_below(4, calls), lambda i: rows(BATCH) / 1000, probes=1)
    steady.size(3), steady.size(5)
    calls.clear()
    assert torch.equal(steady(rows(BATCH + 3)), rows(BATCH + 3))
    assert torch.equal(steady(rows(5)), rows(5))
    assert calls == [BATCH, BATCH, 5]
    assert steady(rows(0)).shape == (0, 2)


def test_where_the_position_of_a_row_matters_rows_run_alone():
    calls: list[int] = []

    def network(batch):
        calls.append(len(batch))
        return batch + 1e-6 * torch.arange(float(len(batch)))[:, None]

    steady = Steady(network, lambda i: rows(BATCH) / 1000, probes=1)
    assert (steady.batch, steady.size(1)) == (1, 1)
    calls.clear()
    assert torch.equal(steady(rows(3)), rows(3))
    assert calls == [1, 1, 1]


def test_chunks_lie_in_fresh_memory():
    base = torch.zeros(40)
    view = base[1:33].reshape(16, 2)
    filled = fill(view)
    assert filled.data_ptr() != view.data_ptr()
    assert filled.data_ptr() % 16 == 0
