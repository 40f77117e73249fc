"""The scorecard: the same measurements for every finding of every method, on unseen latents.

    ScorecardPlan   recipes -> scores of every finding along its strength: names, signs, curves
    MatchedPlan     recipes -> pictures where the mean change of the target is 1 SD and 2 SD
    Witness         what is seen of these pictures and of their latents beyond scores
    make_scorecard  all of it in this process: follow, then look

Plans say what to render and what it means; whoever has a renderer walks through their shards.
"""

from directrix.scorecard.local import follow, look, make_scorecard
from directrix.scorecard.matched import CHANGES, MatchedPlan
from directrix.scorecard.plan import ScorecardPlan, held_out_seed
from directrix.scorecard.typicality import Typicality
from directrix.scorecard.witness import Witness
from directrix.types import NONE

__all__ = [
    "CHANGES",
    "NONE",
    "MatchedPlan",
    "ScorecardPlan",
    "Typicality",
    "Witness",
    "follow",
    "held_out_seed",
    "look",
    "make_scorecard",
]
