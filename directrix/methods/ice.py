"""ICE: subspaces that change one visible thing and hold others, from Jacobians of criterions.

Source: Li, Wang, Pei, Yang and Ji, "Which Style Makes Me Attractive? Interpretable Control
Discovery and Counterfactual Explanation on StyleGAN" (arXiv 2201.09689), and a written
specification of its released code; the text of the paper was not at hand. Re-estimation along the
path follows "REDs" (arXiv 2201.10423) as its abstract tells it; strides are ours, by Broyden's
rank-one update (Math. Comp. 19 (1965), equation 4.5).

What is solved is in `directrix.eigenspaces`, what is measured in `directrix.criterions`.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field

from directrix import criterions, eigenspaces
from directrix.criterions import tasks
from directrix.criterions.chart import Chart
from directrix.criterions.mirrored import Mirrored
from directrix.criterions.probe import Probe
from directrix.criterions.scene import Scene
from directrix.criterions.solution import Solution
from directrix.discovery import DiscoveryMethod, MethodParams, Need, Problem
from directrix.eigenspaces import Constraint, Eigenspace
from directrix.errors import InvalidField, SubspaceEmpty
from directrix.jacobians import Route
from directrix.predictors.face_landmarks import LandmarkPredictor
from directrix.types import FindingSet

SPREAD_SAMPLES = 256
"""Pictures on which the SDs of scores are measured."""

NOTHING = 1e-9
"""Share of the largest unconstrained eigenvalue below which nothing wanted is left."""

Criterion = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=r"^[a-z-]+(:~?[^:@+]+([+][^:@+]+)*)?(@[0-9]*[.]?[0-9]+(e-?[0-9]+)?)?$",
    ),
]
Layer = Annotated[int, Field(ge=0, le=1023)]
Channels = Annotated[str, Field(max_length=20, pattern=r"^[0-9]+(-[0-9]+)?$")]


class IceParams(MethodParams):
    space: Literal["auto", "z", "w", "w+", "s"] = Field(
        "auto", description="Latent space of the findings; auto: W where there is one, else Z."
    )
    task: Literal[
        "custom",
        "face_boundary",
        "eye_boundary",
        "mouth_shape",
        "lip_colour",
        "face_colour",
        "eye_photometry",
        "hair_photometry",
        "identity_ablation",
    ] = Field(
        "custom",
        description="A released subspace, whose criterions, form, share kept and margin are then "
        "used; custom: what the other parameters say.",
    )
    wanted: tuple[Criterion, ...] = Field(
        (),
        max_length=16,
        description="Criterions that are to change, like pixels:mouth or score:smile; empty: all "
        "pixels.",
    )
    suppressed: tuple[Criterion, ...] = Field(
        (),
        max_length=16,
        description="Criterions to hold, like pixels:~mouth@0.001, the number being its ratio.",
    )
    projected: tuple[Criterion, ...] = Field(
        (),
        max_length=16,
        description="Form combined: criterions to hold by projection afterwards, with ratios.",
    )
    form: Literal["early", "late", "combined", "soft"] = Field(
        "early",
        description="early: eigenvectors among what holds; late: eigenvectors, then projected; "
        "combined: both; soft: generalised eigenvectors.",
    )
    ratio: float = Field(
        0.01,
        ge=1e-10,
        le=1.0,
        description="Where a criterion names none: share of its largest eigenvalue below which it "
        "counts as held, 1e-10 to 1.",
    )
    keep: float = Field(
        0.01,
        ge=0.0,
        le=1.0,
        description="Directions whose eigenvalue is below this share of the largest are left out.",
    )
    components: int = Field(10, ge=1, le=256, description="At most so many directions, 1 to 256.")
    codes: int = Field(
        8, ge=1, le=4096, description="Latents at which Jacobians are taken, 1 to 4096."
    )
    weighing: Literal["size", "alike"] = Field(
        "size",
        description="How latents count: by the size of their Jacobians, as published, or alike, "
        "so that a few at which a criterion is wild do not decide.",
    )
    mirror: bool = Field(
        False,
        description="Whether criterions read the mirror image of each picture too, both readings "
        "counting alike, so that a network's own errors decide less, yes or no.",
    )
    rounds: int = Field(
        1,
        ge=1,
        le=16,
        description="How often Jacobians are taken: from the second time on at the latents moved "
        "along the first direction found so far, 1 to 16.",
    )
    reach: float = Field(
        2.0, ge=0.0, le=20.0, description="How far the last round moves, in SD along the direction."
    )
    stride: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="How far all rounds after the first move instead, in changes of what is wanted "
        "(scores: SD); what they find is then corrected by what changed on the way; 0: as reach "
        "says.",
    )
    metric: Literal["euclidean", "population"] = Field(
        "euclidean",
        description="What makes moves equally long: their coordinates, or SDs of the population.",
    )
    layers: tuple[Layer, ...] = Field(
        (),
        max_length=256,
        description="Indices of the layers that move, in W, W+ and S; empty means all.",
    )
    channels: tuple[Channels, ...] = Field(
        (),
        max_length=256,
        description='Coordinates of S that move, like "5" or "0-95"; empty means all.',
    )
    side: int = Field(
        0,
        ge=0,
        le=4096,
        description="Pictures are shrunk to this side before pixels are compared; 0: never.",
    )
    margin: float = Field(
        0.0,
        ge=-0.25,
        le=0.25,
        description="Masks grow by this share of the picture's side, or shrink where below 0.",
    )
    products: Literal["auto", "jvp", "vjp", "sketch"] = Field(
        "auto",
        description="How Jacobians are taken: forward, backward, sketched at random, or the "
        "cheapest exact way (a sketch where none is affordable).",
    )
    kind: Literal["auto", "subspace", "directions"] = Field(
        "auto",
        description="What is found: one subspace, or its directions one by one; auto: a subspace, "
        "but directions in W+.",
    )


class Ice(DiscoveryMethod):
    """The subspace that changes what is wanted most among moves that hold what is suppressed."""

    name = "ice"
    version = "1"
    needs = frozenset({Need.GRADIENTS, Need.NETWORKS})
    Params = IceParams
    params: IceParams

    def fit(self, problem: Problem) -> FindingSet:
        """One Subspace, or its Directions, by descending eigenvalue, largest entry positive.

        Hints tell the dimensions left free, and each direction's gain: the root mean square change
        of what is wanted for one SD along it. Raises SubspaceEmpty where nothing wanted is left,
        InvalidField for unknown criterions, layers and channels, and for strides where Jacobians
        are sketched; NeedsUnmet where no predictor sees what a criterion asks for.
        """
        if self.params.kind == "subspace" and self.params.space == "w+":
            raise InvalidField(
                "W+ carries directions, not subspaces: take kind directions or auto",
                field="parameters.kind",
            )
        solution = self.solve(problem)
        findings, hints = solution.told(one_by_one=self.params.kind == "directions")
        return FindingSet(findings, self.provenance(problem), hints)

    def solve(self, problem: Problem) -> Solution:
        """What `fit` finds, in float64 and with all spectra. Raises as `fit` does."""
        self.check_needs(problem)
        fit = _Fit(self.params, problem)
        solution = fit.run()
        problem.progress(fit.total, fit.total, solution.summary())
        return solution


class _Fit:
    """One fit: sums Gram matrices code by code; its state is small and saved after each."""

    def __init__(self, params: IceParams, problem: Problem):
        self.params, self.problem = _with_task(params, problem), problem
        self.chart = Chart.of(problem, params.space, params.layers, params.channels, params.metric)
        self.wanted = [_read(text, 1.0) for text in self.params.wanted or ("pixels",)]
        held = (*self.params.suppressed, *self._projected)
        self.held = [_read(text, params.ratio) for text in held]
        self.total = params.codes * params.rounds

    @property
    def _projected(self) -> tuple[str, ...]:
        return self.params.projected if self.params.form == "combined" else ()

    def run(self) -> Solution:
        state = self.problem.checkpoint.load() if self.problem.checkpoint else None
        size = len(self.chart.tangents)
        count = len(self.wanted) + len(self.held)
        done = int(state["done"]) if state else 0
        grams = state["grams"].copy() if state else np.zeros((count, size, size))
        along = state["along"].copy() if state else np.zeros(size)
        sizes = state["sizes"].copy() if state else np.zeros((self.total, count))
        while done < self.total:
            if done and done % self.params.codes == 0:
                along = self._first(self._mean(grams, sizes[:done]))
            found = self._grams(done, along)
            sizes[done] = np.einsum("cdd->c", found)
            grams += alike(found) if self.params.weighing == "alike" else found
            done += 1
            if self.problem.checkpoint:
                saved = {"done": np.array(done), "grams": grams, "along": along, "sizes": sizes}
                self.problem.checkpoint.save(saved)
            self.problem.progress(done - 1, self.total, f"Jacobians at {done} latents")
        return self._solution(self._mean(grams, sizes))

    def _mean(self, grams: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Of summed Gram matrices [c, D, D] of latents with traces [n, c]."""
        mean = grams / len(sizes)
        if self.params.weighing == "size":
            return mean
        return np.asarray(mean * np.median(sizes, 0)[:, None, None])

    @cached_property
    def probe(self) -> Probe:
        made = tuple(self._criterion(place) for place in range(len(self.wanted) + len(self.held)))
        products = self.params.products
        route = None if products == "auto" else Route(products)
        return Probe(self.problem.generator, self.chart.home, self.chart.tangents, made, route)

    def _criterion(self, place: int) -> criterions.Criterion:
        """Made and tried on the first picture, so that what is wrong is said by its name."""
        text, _ = (*self.wanted, *self.held)[place]
        field = "parameters.wanted" if place < len(self.wanted) else "parameters.suppressed"
        start = self.chart.point(0, np.zeros(len(self.chart.tangents)))
        with torch.no_grad():
            image = self.problem.generator.synthesise(start[None], self.chart.home)[0]
        try:
            made = criterions.parse(text, self._scene)
            made = Mirrored(made) if self.params.mirror else made
            made.at(image)
        except InvalidField as error:
            raise InvalidField(f"{text}: {error.message}", field=field) from error
        return made

    @cached_property
    def _scene(self) -> Scene:
        asked = any(text.startswith("score") for text, _ in (*self.wanted, *self.held))
        spread = _deviations(self.problem) if asked else np.zeros(0)
        return Scene(self.problem.networks, spread, self.params.side, self.params.margin)

    def _grams(self, done: int, along: np.ndarray) -> np.ndarray:
        """Of every criterion at the latent of a step, or at the end of its stride: [c, D, D]."""
        (round_, code), seed = divmod(done, self.params.codes), self.problem.seed + done
        side = (-1) ** (code + round_)
        if round_ and self.params.stride:
            start = self.chart.point(code, np.zeros(len(along)))
            return self.probe.stride_grams(start, side * along, seed)
        alpha = side * self.params.reach * round_ / (self.params.rounds - 1) if round_ else 0.0
        return self.probe.grams(self.chart.point(code, alpha * along), seed)

    def _first(self, grams: np.ndarray) -> np.ndarray:
        """The first direction in the chart's coordinates [D]: one stride of it, else one SD."""
        solution = self._solution(grams)
        far = self.params.stride / solution.gains[0] if self.params.stride else 1.0
        return far * solution.scales[0] * self.chart.coordinates(solution.vectors[:1])[0]

    def _solution(self, grams: np.ndarray) -> Solution:
        params, chart = self.params, self.chart
        wanted = _sum(grams[: len(self.wanted)])
        inner = [chart.measure(gram) for gram in grams[len(self.wanted) :]]
        ratios = [ratio for _, ratio in self.held]
        constraints = [Constraint(g, r) for g, r in zip(inner, ratios, strict=True)]
        target = chart.measure(wanted)
        space = self._eigenspace(target, constraints)
        texts = tuple(text for text, _ in self.held)
        _check(space, target, texts)
        kept = space.values > params.keep * space.values[0]
        kept[0], kept[params.components :] = True, False
        inside = chart.turned(chart.unit(space.vectors[:, kept]))
        vectors, scales = chart.lift(inside), chart.spread(inside)
        gains = scales * np.sqrt(np.maximum(np.einsum("dk,de,ek->k", inside, wanted, inside), 0))
        names = tuple(text for text, _ in self.wanted)
        return Solution(chart, vectors, scales, space.values[kept], space, gains, names, texts)

    def _eigenspace(self, target: np.ndarray, constraints: list[Constraint]) -> Eigenspace:
        first = len(constraints) - len(self._projected)
        match self.params.form:
            case "early":
                return eigenspaces.early(target, constraints)
            case "late":
                return eigenspaces.late(target, constraints)
            case "combined":
                return eigenspaces.combined(target, constraints[:first], constraints[first:])
            case _:
                return eigenspaces.soft(target, constraints)


def alike(grams: np.ndarray) -> np.ndarray:
    """Gram matrices [c, D, D] scaled to trace 1; those that are 0 stay so.

    Source: Visuri, Koivunen and Oja, "Sign and rank covariance matrices", J. Stat. Plan. Inference
    91 (2000), section 2: the spatial sign covariance, here of matrices in the place of vectors.
    """
    sizes = np.einsum("cdd->c", grams)
    return np.asarray(grams / np.where(sizes > 0, sizes, 1.0)[:, None, None])


def _check(space: Eigenspace, target: np.ndarray, texts: Sequence[str]) -> None:
    """Raises SubspaceEmpty where there is nothing to return."""
    largest = float(np.linalg.eigvalsh(target)[-1])
    if space.vectors.shape[1] and space.values[0] > NOTHING * largest:
        return
    each = ", ".join(f"{t} leaves {n}" for t, n in zip(texts, space.dimensions, strict=True))
    raise SubspaceEmpty(
        f"of {len(target)} dimensions {space.free} hold all that is suppressed, and nothing "
        f"that is wanted changes there: {each or 'nothing is suppressed'}; raise their ratios or "
        "suppress less",
        field="parameters.suppressed",
        free_dimensions=str(space.free),
    )


def _sum(grams: np.ndarray) -> np.ndarray:
    """One matrix of several wanted criterions, each counting alike: itself for one."""
    if len(grams) == 1:
        return grams[0]
    largest = [max(float(np.linalg.eigvalsh(gram)[-1]), 1e-300) for gram in grams]
    return sum(gram / size for gram, size in zip(grams, largest, strict=True))


def _read(text: str, ratio: float) -> tuple[str, float]:
    """A criterion and its ratio, from "criterion@ratio"."""
    name, _, own = text.partition("@")
    return name, float(own) if own else ratio


def _with_task(params: IceParams, problem: Problem) -> IceParams:
    if params.task == "custom":
        return params
    faces = any(isinstance(network, LandmarkPredictor) for network in problem.networks)
    task = (tasks.FACES if faces else tasks.AVATARS)[params.task]
    return params.model_copy(
        update={
            "wanted": task.wanted,
            "suppressed": task.suppressed,
            "form": task.form,
            "keep": task.keep,
            "margin": task.margin,
        }
    )


@torch.no_grad()
def _deviations(problem: Problem) -> np.ndarray:
    """SD of every scorer over seeded samples: [K]."""
    generator, space = problem.generator, problem.generator.spaces[0]
    rows = torch.from_numpy(problem.sample(problem.seed, 0, SPREAD_SAMPLES, space))
    parts = []
    for chunk in rows.to(generator.device).split(32):
        images = generator.synthesise(chunk, space).clamp(-1, 1)
        parts.append(torch.cat([network.scores(images) for network in problem.networks], 1))
    return torch.cat(parts).double().std(0).cpu().numpy()
