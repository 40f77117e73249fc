"""Measure: the audit, written down from what all units gave."""

from collections.abc import Mapping, Sequence

import numpy as np

from directrix.archive import array_digest
from directrix.audits import directions, stability
from directrix.audits.accusation import FALSE, Verdict, judge
from directrix.audits.answers import columns_of, log_odds, probabilities, variation
from directrix.audits.flip_model import fit_flips
from directrix.audits.flips import Groups, Table
from directrix.audits.reliance import Changes, interval
from directrix.audits.span import judge_span
from directrix.audits.walks import Walks
from directrix.metrics import bootstrap_interval, paired_interval
from directrix.types import (
    Audit,
    Difference,
    FlipModel,
    Measured,
    Reliance,
    Span,
    SpanVerdict,
    Stride,
)

MODELS = 3
"""Findings of which the audit foretells flips: the first of the table."""

Arrays = Mapping[str, np.ndarray]


def measure(
    walks: Walks,
    table: Table,
    groups: Groups,
    still: Arrays,
    moved: Sequence[Arrays],
    chance: np.ndarray,
    directed: Arrays,
    tried: Sequence[Arrays],
    compared: Arrays | None,
) -> Audit:
    """still: images and scores [n, K]. moved: scores [2, steps, n, K] and grey of every finding.
    chance: scores [R, 2, 1, n, K] of random findings. The rest: what units of that kind gave."""
    question, predictors = walks.question, walks.predictors
    verdict = _verdict(walks, still, moved, chance)
    rows = [_reliance(walks, index, still, moved, verdict) for index in range(len(moved))]
    order = _order(rows, verdict)
    card = predictors[question.classifier].card
    reference, rival = question.reference, question.rival
    return Audit(
        generator=walks.generator.card.digest,
        classifier=card.digest,
        classes=table.classes,
        reference="" if reference is None else predictors[reference].card.digest,
        rival="" if rival is None else predictors[rival].card.digest,
        finding_sets=tuple(dict.fromkeys(name.finding_set for name in walks.named)),
        seed=question.seed,
        samples=question.count,
        images="" if question.images is None else array_digest(question.images),
        reach_sd=question.steps[-1],
        floor=verdict.floor,
        false_accusations=FALSE,
        target_probability=question.target_probability,
        random_findings=question.random_findings,
        class_shares=tuple(
            float(share)
            for share in np.bincount(table.still.argmax(1), minlength=len(table.classes))
            / question.count
        ),
        agreement=_agreement(walks, still, table),
        reliance=tuple(rows[i] for i in order),
        flips=tuple(table.rows(walks.named, groups, question.pairs)),
        directions=tuple(directions.tell(walks, table.classes, dict(directed))),
        stability=stability.measure_stability([dict(p) for p in tried], question.noise_sd)
        if tried
        else None,
        span=_span(compared),
        differences=()
        if rival is None
        else tuple(_difference(walks, index, still, moved) for index in order),
        flip_models=tuple(_model(walks, index, still["images"], table) for index in order[:MODELS]),
    )


def _probabilities(walks: Walks, predictor: int, scores: np.ndarray) -> np.ndarray:
    """Of the classifier's classes, as a predictor sees them: [..., K]."""
    card = walks.predictors[predictor].card
    classes = walks.predictors[walks.question.classifier].scorers
    own = scores[..., walks.columns(predictor)][..., columns_of(classes, card)]
    return probabilities(card, own)


def _ends(
    walks: Walks, predictor: int, index: int, still: Arrays, moved: Sequence[Arrays]
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [n, K] before, and [2, n, K] after 1 SD either way."""
    before = _probabilities(walks, predictor, still["scores"])
    return before, _probabilities(walks, predictor, moved[index]["scores"][:, 0])


def _reliance(
    walks: Walks, index: int, still: Arrays, moved: Sequence[Arrays], verdict: Verdict
) -> Reliance:
    question = walks.question
    before, after = _ends(walks, question.classifier, index, still, moved)
    trusted = None
    if question.reference is not None:
        trusted = float(variation(*_ends(walks, question.reference, index, still, moved)).mean())
    beyond = Measured(
        value=float(verdict.beyond[index]), interval=interval(verdict.left[index], seed=index)
    )
    return Reliance(
        finding=walks.named[index],
        variation=_measured(variation(before, after).mean(0)),
        flips=_measured((before.argmax(1) != after.argmax(2)).mean(0)),
        effect=tuple(float(v) for v in (after[0] - after[1]).mean(0)),
        grey_levels=float(moved[index]["grey"].mean()),
        reference=trusted,
        beyond=beyond,
        strength=float(verdict.strength[index]),
        partial=float(verdict.partial[index]),
        allowed=index in _excused(walks),
        accused=bool(verdict.accused[index]) if question.judged else None,
    )


def _excused(walks: Walks) -> set[int]:
    """Candidates that the request names as allowed."""
    starts = np.cumsum([0, *(len(each) for each in walks.question.finding_sets)])
    return {int(starts[place]) + index for place, index in walks.question.allowed}


def _verdict(walks: Walks, still: Arrays, moved: Sequence[Arrays], chance: np.ndarray) -> Verdict:
    """Where nothing is allowed, all that is steady counts."""
    own = _odds(walks, walks.question.classifier, still["scores"])
    spread = float(np.sqrt(np.square(own.std(0)).mean()))
    candidates = np.stack([part["scores"][:, 0] for part in moved])
    return judge(
        _changes(walks, candidates, spread),
        _changes(walks, chance[:, :, 0], spread),
        np.array([part["grey"].mean() for part in moved]),
        _excused(walks),
    )


def _changes(walks: Walks, scores: np.ndarray, spread: float) -> Changes:
    """scores: [F, 2, n, K] of all predictors at both ends."""

    def half(values: np.ndarray) -> np.ndarray:
        return np.asarray((values[:, 0] - values[:, 1]) / 2)

    question = walks.question
    allowed = []
    if question.reference is not None:
        allowed.append(_odds(walks, question.reference, scores))
    for asked in question.allowed_scores:
        predictor, known = walks.predictors[asked.predictor], walks.columns(asked.predictor)
        names = asked.scorers or predictor.scorers
        columns = [known.start + predictor.index(name) for name in names]
        allowed.append(scores[..., columns].astype(np.float64))
    own = half(_odds(walks, question.classifier, scores))
    told = half(np.concatenate(allowed, -1)) if allowed else np.zeros((*own.shape[:2], 0))
    return Changes(own, told, max(spread, 1e-9))


def _odds(walks: Walks, predictor: int, scores: np.ndarray) -> np.ndarray:
    return log_odds(walks.predictors[predictor].card, scores[..., walks.columns(predictor)])


def _order(rows: Sequence[Reliance], verdict: Verdict) -> list[int]:
    """As they were accused; then those that do most for the least change of the picture."""

    def suspicion(row: Reliance) -> float:
        return row.beyond.value**2 / max(row.grey_levels, 1e-3)

    return sorted(range(len(rows)), key=lambda i: (verdict.order[i], -suspicion(rows[i])))


def _agreement(walks: Walks, still: Arrays, table: Table) -> float | None:
    reference = walks.question.reference
    if reference is None:
        return None
    says = _probabilities(walks, reference, still["scores"]).argmax(1)
    return float((says == table.still.argmax(1)).mean())


def _difference(walks: Walks, index: int, still: Arrays, moved: Sequence[Arrays]) -> Difference:
    rival = walks.question.rival
    assert rival is not None
    both = [
        _ends(walks, place, index, still, moved) for place in (walks.question.classifier, rival)
    ]
    changes = [variation(*ends).mean(0) for ends in both]
    flips = [(before.argmax(1) != after.argmax(2)).mean(0) for before, after in both]
    return Difference(
        finding=walks.named[index], variation=_paired(*changes), flips=_paired(*flips)
    )


def _model(walks: Walks, index: int, images: np.ndarray, table: Table) -> FlipModel:
    """Of the way and the step that flip most pictures."""
    seen = table.still.argmax(1)
    after = table.moved[index]
    flips = (after.argmax(-1) != seen).mean(2)
    way, place = np.unravel_index(int(flips.argmax()), flips.shape)
    odds = after[way, place]
    own = odds[np.arange(len(seen)), seen]
    others = odds.copy()
    others[np.arange(len(seen)), seen] = -np.inf
    alpha = (1 - 2 * int(way)) * table.steps[place]
    return fit_flips(Stride(finding=walks.named[index], alpha=alpha), images, own - others.max(1))


def _span(compared: Arrays | None) -> Span:
    if compared is None:
        return Span(verdict=SpanVerdict.UNTOLD)
    found = {name: compared[name] for name in ("size", "heat", "rate")}
    return judge_span(compared["kept"], compared.get("trusted"), found, compared["errors"])


def _measured(values: np.ndarray) -> Measured:
    return Measured(value=float(values.mean()), interval=bootstrap_interval(values, seed=0))


def _paired(first: np.ndarray, second: np.ndarray) -> Measured:
    value = float(first.mean() - second.mean())
    return Measured(value=value, interval=paired_interval(first, second, seed=0))
