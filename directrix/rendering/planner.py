"""Recipe -> plan: every check, every typed error, no heavy work.

The order of an edit: truncate; moves in Z, then W, then W+, then S, in the recipe's order within
one space; units last, as taps on the layers. Moves inside a mask or within channels start from
where the others end. W findings with layers act on those rows of W+, and on a source in W+ they act
on all rows.
"""

from collections.abc import Callable, Sequence

import numpy as np

from directrix.errors import FindingMismatch, InvalidField, SpaceUnavailable
from directrix.generators import ORDER, Generator
from directrix.rendering.checks import Checks
from directrix.rendering.plan import Channels, Leg, Plan, Region, UnitEdit
from directrix.types import (
    Finding,
    FindingRef,
    FindingSet,
    ImageSource,
    LatentSource,
    Move,
    Recipe,
    SeedSource,
    Space,
    Units,
)
from directrix.walks import Motion, Movable


class Planner:
    """Checks recipes against one generator and the finding sets that it is given."""

    def __init__(self, generator: Generator, findings: Callable[[str], FindingSet]):
        self._generator = generator
        self._findings = findings
        self._checks = Checks(generator)

    def plan(self, recipe: Recipe) -> Plan:
        """Raises InvalidField, SpaceUnavailable, LayerInvalid, FindingMismatch."""
        if recipe.generator != self._generator.card.digest:
            raise FindingMismatch(
                f"the recipe is for generator {recipe.generator}, not for "
                f"{self._generator.card.digest}"
            )
        source = self._source(recipe)
        start = Space.Z if isinstance(source, SeedSource) else source.latent.space
        conditions = [self._finding(ref) for ref in recipe.conditions]
        legs: list[Leg] = []
        regions: list[tuple[np.ndarray, list[Leg]]] = []
        channels: list[tuple[Units, list[Leg]]] = []
        units: list[UnitEdit] = []
        for move in recipe.moves:
            finding = self._finding(move.finding)
            self._checks.mask(move)
            if isinstance(finding, Units):
                self._checks.units(finding, move)
                units.append(UnitEdit(finding, move.alpha, move.mask))
                continue
            leg = self._leg(finding, move, conditions, start)
            if move.within is not None:
                within = self._checks.within(self._finding(move.within))
                _kept(within, channels).append(leg)
            else:
                _region(move.mask, legs, regions).append(leg)
        self._checks.apart(bool(regions), bool(channels))
        every = [*legs, *(leg for _, part in (*regions, *channels) for leg in part)]
        return Plan(
            recipe=recipe,
            source=source,
            start=start,
            end=self._end(source, start, every),
            legs=_sorted(legs),
            regions=tuple(Region(mask, _sorted(part)) for mask, part in regions),
            channels=tuple(Channels(within, _sorted(part)) for within, part in channels),
            units=tuple(units),
        )

    def _source(self, recipe: Recipe) -> SeedSource | LatentSource:
        source = recipe.source
        if isinstance(source, ImageSource):
            raise InvalidField(
                "invert the image first: a plan starts from a seed or a latent",
                field="recipe.source",
            )
        if isinstance(source, LatentSource):
            self._checks.latent(source.latent)
        return source

    def _finding(self, ref: FindingRef) -> Finding:
        findings = self._findings(ref.finding_set)
        if findings.provenance.generator != self._generator.card.digest:
            raise FindingMismatch(
                f"finding set {ref.finding_set} was found in generator "
                f"{findings.provenance.generator}, not in {self._generator.card.digest}"
            )
        if not 0 <= ref.index < len(findings):
            raise InvalidField(
                f"finding set {ref.finding_set} has findings 0 to {len(findings) - 1}, "
                f"not {ref.index}",
                field="recipe.moves.finding.index",
            )
        return findings.findings[ref.index]

    def _leg(
        self, finding: Movable, move: Move, conditions: Sequence[Finding], start: Space
    ) -> Leg:
        self._checks.dimensions(finding)
        layers = self._checks.layers(finding, move)
        space = finding.space
        if space is Space.W and (layers or start is Space.W_PLUS):
            space = Space.W_PLUS
        if ORDER.index(start) > ORDER.index(space):
            raise SpaceUnavailable(
                f"the recipe starts from a latent in {start}, which lies after {space}, where a "
                "finding moves: there is no way back; start from a seed or from a latent in "
                f"{space}",
                space=space,
            )
        motion = Motion(
            finding=finding,
            alpha=move.alpha,
            walk=move.walk,
            coefficients=self._checks.coefficients(finding, move),
            layers=layers,
            conditions=self._checks.conditions(finding, move, conditions, layers),
        )
        self._checks.separable(motion)
        return Leg(space, motion)

    def _end(self, source: SeedSource | LatentSource, start: Space, legs: Sequence[Leg]) -> Space:
        spaces = [start, *(leg.space for leg in legs)]
        if isinstance(source, SeedSource):
            spaces.append(self._generator.truncation_space)
        return max(spaces, key=ORDER.index)


def _region(
    mask: np.ndarray | None, legs: list[Leg], regions: list[tuple[np.ndarray, list[Leg]]]
) -> list[Leg]:
    """Where a leg belongs: moves with the same mask share a region, in order of appearance."""
    if mask is None:
        return legs
    for known, part in regions:
        if np.array_equal(known, mask):
            return part
    regions.append((mask, []))
    return regions[-1][1]


def _kept(units: Units, channels: list[tuple[Units, list[Leg]]]) -> list[Leg]:
    """Where a leg within channels belongs: moves within the same ones share a latent."""
    for known, part in channels:
        if known.layer == units.layer and np.array_equal(known.channels, units.channels):
            return part
    channels.append((units, []))
    return channels[-1][1]


def _sorted(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    return tuple(sorted(legs, key=lambda leg: ORDER.index(leg.space)))
