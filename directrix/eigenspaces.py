"""Eigenspaces under constraints: what changes one thing most and others hardly.

Source: Li et al., "Which Style Makes Me Attractive?" (arXiv 2201.09689) and its released code, from
a written specification of both. M_c = mean of J_c^T J_c is the Gram matrix of criterion c, so that
v^T M_c v is the mean square change of c along v. Suppressing c with ratio r leaves
N_c = span of the eigenvectors of M_c with eigenvalue < r x its largest; V is the intersection.

early      eigenvectors of V^T M V, as V e: the exact constrained maximum
late       V V^T e for the eigenvectors e of M, each of unit length again; eigenvalues are those
           before the projection (the released code scaled rows instead of columns, which leaks)
combined   early by some constraints, then late by others
soft       M v = mu (1 + sum_c M_c / (r_c lambda_c)) v, lambda_c the largest eigenvalue of M_c: what
           lies on the threshold r_c lambda_c counts half. Generalised eigenproblem of "REDs"
           (arXiv 2201.10423) with the hard form's ratios as its weights

All in float64; matrices [D, D] are symmetric and positive semi-definite.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

Matrix = np.ndarray

ZERO = 1e-10
"""Of the largest eigenvalue: below it an eigenvalue is rounding."""

MEETING = 1e-9
"""Of an eigenvalue of the sum of projectors: below it a vector lies in all spaces."""


@dataclass(frozen=True, eq=False)
class Constraint:
    """One Gram matrix [D, D] to hold, and its ratio: the share of its largest eigenvalue kept."""

    gram: Matrix
    ratio: float


@dataclass(frozen=True, eq=False)
class Eigenspace:
    """Columns of unit length by descending eigenvalue.

    vectors: [D, k]. values: [k]. free: dimension of V. spectra: eigenvalues [D] of each
    constraint, descending. dimensions: of each N_c.
    """

    vectors: Matrix
    values: np.ndarray
    free: int
    spectra: tuple[np.ndarray, ...]
    dimensions: tuple[int, ...]


def eigen(gram: Matrix) -> tuple[np.ndarray, Matrix]:
    """Eigenvalues [D], descending, and eigenvectors as columns [D, D]."""
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    return values[::-1], vectors[:, ::-1]


def hardly_moved(constraint: Constraint) -> tuple[Matrix, np.ndarray]:
    """An orthonormal basis of N_c [D, k], k >= 0, and the whole spectrum [D]."""
    values, vectors = eigen(constraint.gram)
    largest = max(values[0], 0.0)
    held = values >= max(constraint.ratio, ZERO) * largest if largest > 0 else values > np.inf
    return vectors[:, ~held], values


def intersect(bases: Sequence[Matrix], dimension: int) -> Matrix:
    """An orthonormal basis [D, k], k >= 0, of what all spaces share; all of R^D for none.

    A vector lies in all of them where sum_c (1 - N_c N_c^T) leaves nothing of it.
    """
    if len(bases) <= 1:
        return bases[0] if bases else np.eye(dimension)
    missing = sum(np.eye(dimension) - basis @ basis.T for basis in bases)
    values, vectors = np.linalg.eigh(missing)
    return vectors[:, values < MEETING]


def early(gram: Matrix, constraints: Sequence[Constraint]) -> Eigenspace:
    """Eigenvectors inside V. `vectors` has no column where V is empty."""
    free, spectra, dimensions = _free(len(gram), constraints)
    if free.shape[1] == 0:
        return _empty(len(gram), spectra, dimensions)
    values, inside = eigen(free.T @ gram @ free)
    return Eigenspace(free @ inside, values, free.shape[1], spectra, dimensions)


def late(gram: Matrix, constraints: Sequence[Constraint]) -> Eigenspace:
    """Eigenvectors projected on V, without those of which nothing is left."""
    return _project(*eigen(gram), constraints)


def combined(gram: Matrix, before: Sequence[Constraint], after: Sequence[Constraint]) -> Eigenspace:
    """Early by `before`, then projected late by `after`."""
    first = early(gram, before)
    if first.free == 0:
        return first
    second = _project(first.values, first.vectors, after)
    inside = intersect([hardly_moved(c)[0] for c in (*before, *after)], len(gram))
    return Eigenspace(
        second.vectors,
        second.values,
        inside.shape[1],
        first.spectra + second.spectra,
        first.dimensions + second.dimensions,
    )


def soft(gram: Matrix, constraints: Sequence[Constraint]) -> Eigenspace:
    """Generalised eigenvectors, of unit length; values are mu. Nothing is forbidden outright."""
    _, spectra, dimensions = _free(len(gram), constraints)
    values, vectors = scipy.linalg.eigh((gram + gram.T) / 2, penalty(len(gram), constraints))
    vectors = vectors[:, ::-1] / np.linalg.norm(vectors[:, ::-1], axis=0)
    return Eigenspace(vectors, values[::-1], len(gram), spectra, dimensions)


def penalty(dimension: int, constraints: Sequence[Constraint]) -> Matrix:
    """1 + sum_c M_c / (r_c lambda_c), what the soft form divides by: [D, D]."""
    total = np.eye(dimension)
    for constraint in constraints:
        largest = np.linalg.eigvalsh(constraint.gram)[-1]
        if largest > 0:
            total = total + constraint.gram / (max(constraint.ratio, ZERO) * largest)
    return (total + total.T) / 2


def _free(
    dimension: int, constraints: Sequence[Constraint]
) -> tuple[Matrix, tuple[np.ndarray, ...], tuple[int, ...]]:
    parts = [hardly_moved(constraint) for constraint in constraints]
    free = intersect([basis for basis, _ in parts], dimension)
    return free, tuple(s for _, s in parts), tuple(basis.shape[1] for basis, _ in parts)


def _project(values: np.ndarray, vectors: Matrix, constraints: Sequence[Constraint]) -> Eigenspace:
    free, spectra, dimensions = _free(len(vectors), constraints)
    inside = free @ (free.T @ vectors)
    lengths = np.linalg.norm(inside, axis=0)
    kept = lengths > np.sqrt(ZERO)
    return Eigenspace(
        inside[:, kept] / lengths[kept], values[kept], free.shape[1], spectra, dimensions
    )


def _empty(
    dimension: int, spectra: tuple[np.ndarray, ...], dimensions: tuple[int, ...]
) -> Eigenspace:
    return Eigenspace(np.zeros((dimension, 0)), np.zeros(0), 0, spectra, dimensions)
