"""Calibration: a move that asks for a change of its target becomes one with a strength."""

from directrix.errors import FindingUncalibrated, InvalidField, ScorecardNotFound
from directrix.v1 import values_pb2 as pb
from services.gateway.lookups import Lookups


async def calibrate(move: pb.Move, lookups: Lookups, path: str) -> None:
    """Writes alpha in place of change_sd, if it is there; the move names its set by digest.

    Raises InvalidField for a move that the scorecard has not measured, and FindingUncalibrated.
    """
    if not move.HasField("change_sd"):
        return
    _check_measured(move, f"{path}.change_sd")
    try:
        card = await lookups.call(lookups.catalogue.scorecard, move.finding.finding_set)
    except ScorecardNotFound as error:
        raise FindingUncalibrated(
            "the finding set has no scorecard to say how strong the move has to be: discover it "
            "with a predictor, or give a strength"
        ) from error
    move.alpha = card.strength(move.finding.index, move.change_sd)
    move.ClearField("change_sd")


def _check_measured(move: pb.Move, field: str) -> None:
    """Scorecards measure linear moves of whole findings; of a subspace along its first row, which
    is where a move without coefficients goes."""
    if move.alpha:
        raise InvalidField(f"{field}: a move has a strength or asks for a change", field=field)
    first_row = not move.coefficients or list(move.coefficients) == [
        1.0,
        *[0.0] * (len(move.coefficients) - 1),
    ]
    linear = move.walk in (pb.WALK_UNSPECIFIED, pb.WALK_LINEAR)
    if move.layers or move.HasField("mask") or not linear or not first_row:
        raise InvalidField(
            f"{field}: a change is known of linear moves without mask and layers, and of the first "
            "row of a subspace: give a strength",
            field=field,
        )
