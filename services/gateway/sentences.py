"""Sentences: an explanation in words, with the names that a scorecard gives findings."""

from directrix.types import NONE, Scorecard
from directrix.v1 import explanation_service_pb2 as pb
from directrix.wire.latents import SPACES

FEW = 3
"""Findings that are told one by one."""


def sentence(response: pb.ExplainImageResponse, card: Scorecard | None) -> str:
    """One sentence, ended with a full stop."""
    source, target = response.source_class, response.target_class
    match response.status:
        case pb.ExplainImageResponse.STATUS_ALREADY_TARGET:
            return f"It says {source} already."
        case pb.ExplainImageResponse.STATUS_FOUND:
            return (
                f"It says {source}; it would say {target} if {_moves(response, card)} "
                f"({response.probability_before:.0%} -> {response.probability_after:.0%})."
            )
    tried = f" The nearest that was tried: {_moves(response, card)}." if response.moved else ""
    return f"It says {source}, and nothing that was allowed makes it say {target}.{tried}"


def _moves(response: pb.ExplainImageResponse, card: Scorecard | None) -> str:
    largest = sorted(response.moved, key=lambda moved: -abs(moved.alpha))
    told = [_one(moved, card) for moved in largest[:FEW]]
    more = len(largest) - len(told)
    if more:
        told.append(f"{more} more")
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _one(moved: pb.ExplainImageResponse.MovedFinding, card: Scorecard | None) -> str:
    """`boot rose by 0.40 SD`: the finding's own strength, the way that its target goes."""
    index, alpha = moved.index, moved.alpha
    name, sign = f"finding {index}", 1
    if moved.layer:
        name = f"channel {moved.channel} of {moved.layer}"
    elif moved.space:
        return f"its latent in {SPACES[moved.space]} moved by {alpha:.2f} SD"
    elif card is not None:
        score = next((each for each in card.findings if each.index == index), None)
        if score is not None and score.target != NONE:
            name, sign = f'"{score.target}" (finding {index})', score.sign
    verb = "rose" if alpha * sign > 0 else "fell"
    return f"{name} {verb} by {abs(alpha):.2f} SD"
