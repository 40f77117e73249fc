"""Ground made of findings: they are moved as an edit moves them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from directrix.counterfactuals.ground import Axis, Ground, Point
from directrix.counterfactuals.question import Question
from directrix.errors import InvalidField
from directrix.rendering import Renderer
from directrix.types import (
    Finding,
    FindingRef,
    Intervention,
    Move,
    MovedFinding,
    Operation,
    Recipe,
    Subspace,
    Units,
)


@dataclass(frozen=True, eq=False)
class FindingGround(Ground):
    """The findings of the question's set."""

    question: Question
    axes: tuple[Axis, ...]
    choices: tuple[int, ...]

    @classmethod
    def of(cls, question: Question, renderer: Renderer) -> "FindingGround":
        """Raises InvalidField, and whatever planning the recipe with its moves raises."""
        if not question.finding_set:
            raise InvalidField(
                "this explainer moves findings: name a finding set, or take one that needs none "
                "(channels, gradient)",
                field="finding_set",
            )
        findings = renderer.findings(question.finding_set).findings
        choices = tuple(range(len(findings)))
        axes = tuple(
            Axis(index, coefficients, min(question.max_alpha, _whole(findings[index])))
            for index in question.movable(choices)
            for coefficients in _rows(findings[index])
        )
        found = cls(question, axes, choices)
        renderer.plan(found.recipe(((axes[0], 0.0),)))  # what is wrong with moves is wrong at once
        return found

    def recipe(self, point: Point) -> Recipe:
        question = self.question
        moves = tuple(
            Move(
                FindingRef(question.finding_set, axis.index),
                alpha,
                axis.coefficients,
                mask=question.mask,
            )
            for axis, alpha in point
        )
        return replace(question.recipe, moves=question.recipe.moves + moves)

    def moved(
        self, point: Point, contributions: Sequence[float | None]
    ) -> tuple[MovedFinding, ...]:
        return tuple(
            MovedFinding(axis.index, alpha, contribution)
            for (axis, alpha), contribution in zip(point, contributions, strict=True)
        )


def _whole(finding: Finding) -> float:
    """Where a finding is at its full strength; farther is no longer what was found."""
    if isinstance(finding, Units):
        return 1.0
    sets = isinstance(finding, Intervention) and finding.operation is Operation.SET
    return 1.0 if sets else np.inf


def _rows(finding: Finding) -> list[tuple[float, ...]]:
    """Coefficients of the moves along a finding: one a row of a subspace, none otherwise."""
    if not isinstance(finding, Subspace):
        return [()]
    return [tuple(float(v) for v in row) for row in np.eye(len(finding.basis))]
