"""Every method of discovery keeps the contract of `directrix.discovery`."""

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from directrix import methods
from directrix.archive import finding_set_digest, pack_finding_set, unpack_finding_set
from directrix.discovery import JUDGED, DiscoveryMethod, Need, Problem
from directrix.errors import Cancelled, NeedsUnmet
from directrix.generators import Generator
from directrix.types import (
    Direction,
    Finding,
    FindingRef,
    FindingSet,
    Intervention,
    Move,
    Noise,
    Recipe,
    SeedSource,
    Space,
    Subspace,
)
from tests.contract.toys import SPECTRUM, World, linear_world, style_world

TESTS = Path(__file__).parents[1] / "unit" / "methods"

SMALL: dict[str, dict[str, object]] = {
    "dplase": {"steps": 30, "batch": 4, "components": 3, "subspaces": 2},
    "ice": {"codes": 2, "rounds": 2, "stride": 1.0, "weighing": "alike"},
    "intervention": {"samples": 8},
    "sc2gan": {"rounds": 1, "restorations": 1, "share": 0.3},
    "sensitivity": {"samples": 8, "batch": 4, "epochs": 2},
}
"""Parameters that keep the toys quick."""


@pytest.fixture(scope="module", params=["linear", "style"])
def world(request: pytest.FixtureRequest) -> World:
    return linear_world() if request.param == "linear" else style_world()


@pytest.fixture(params=methods.names())
def method(request: pytest.FixtureRequest) -> DiscoveryMethod:
    return make(request.param)


def make(name: str, **params: object) -> DiscoveryMethod:
    return methods.get(name)(methods.parse(name, SMALL.get(name, {}) | params))


class MemoryCheckpoint:
    """Keeps one state; raises Cancelled after `saves` of them."""

    def __init__(self, saves: int | None = None):
        self.state: Mapping[str, np.ndarray] | None = None
        self.saves, self.left = 0, saves

    def load(self) -> Mapping[str, np.ndarray] | None:
        return self.state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        self.state = {name: array.copy() for name, array in state.items()}
        self.saves += 1
        if self.left is not None and self.saves >= self.left:
            raise Cancelled("cancelled at a checkpoint")


# ---- repeatable, resumable


def test_same_seed_same_digest_whatever_the_global_seed(
    method: DiscoveryMethod, world: World
) -> None:
    found = []
    for seed in (0, 1):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found.append(make(method.name).fit(world.problem()))
    assert finding_set_digest(found[0]) == finding_set_digest(found[1])
    assert found[0].hints == found[1].hints


@pytest.mark.slow
def test_resumes_with_the_same_result_from_every_checkpoint(
    method: DiscoveryMethod, world: World
) -> None:
    whole = MemoryCheckpoint()
    wanted = finding_set_digest(method.fit(world.problem(checkpoint=whole)))
    assert wanted == finding_set_digest(method.fit(world.problem()))
    for saves in range(1, whole.saves + 1):
        broken = MemoryCheckpoint(saves)
        with pytest.raises(Cancelled):
            method.fit(world.problem(checkpoint=broken))
        resumed = MemoryCheckpoint()
        resumed.state = broken.state
        findings = make(method.name).fit(world.problem(checkpoint=resumed))
        assert finding_set_digest(findings) == wanted
        assert resumed.saves == whole.saves - saves


def test_costly_methods_keep_checkpoints(method: DiscoveryMethod, world: World) -> None:
    checkpoint = MemoryCheckpoint()
    method.fit(world.problem(checkpoint=checkpoint))
    assert checkpoint.saves > 0 or method.needs == {Need.WEIGHTS}


# ---- what it returns


def test_every_finding_is_of_unit_length(method: DiscoveryMethod, world: World) -> None:
    findings = method.fit(world.problem())
    assert len(findings) > 0
    for finding in findings.findings:
        match finding:
            case Direction(vector=vector):
                assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
            case Subspace(basis=basis):
                assert basis @ basis.T == pytest.approx(np.eye(len(basis)), abs=1e-5)
            case Intervention(values=values):
                assert np.abs(values).min() > 0


def test_findings_survive_the_archive(method: DiscoveryMethod, world: World) -> None:
    findings = method.fit(world.problem())
    manifest, tensors = pack_finding_set(findings)
    again = unpack_finding_set(manifest, tensors)
    assert finding_set_digest(again) == manifest.digest == finding_set_digest(findings)
    assert again.hints == findings.hints
    assert len(again.hints) == len(findings)


def test_provenance_is_complete(method: DiscoveryMethod, world: World) -> None:
    problem = world.problem()
    provenance = method.fit(problem).provenance
    judged = bool(method.needs & JUDGED)
    assert (provenance.method, provenance.version) == (method.name, method.version)
    assert provenance.parameters == method.params.model_dump(mode="json")
    assert set(provenance.parameters) == set(method.Params.model_fields)
    assert provenance.seed == problem.seed
    assert provenance.generator == world.generator.card.digest
    assert provenance.predictors == ((world.predictor.card.digest,) if judged else ())
    keyed = Need.POPULATION in method.needs
    assert provenance.population == (problem.population.spec.key if keyed else "")
    assert set(provenance.libraries) == {"numpy", "scikit-learn", "torch"}


def test_findings_can_be_rendered(method: DiscoveryMethod, world: World) -> None:
    findings = method.fit(world.problem())
    digest = world.keep(findings)
    recipe = Recipe(
        world.generator.card.digest,
        SeedSource(8),
        moves=tuple(
            Move(FindingRef(digest, i), 2.0, coefficients=coefficients(finding))
            for i, finding in enumerate(findings.findings)
        ),
    )
    renderer = world.renderer
    assert renderer.render([renderer.plan(recipe)]).images.shape == (1, 8, 8, 1)


def coefficients(finding: Finding) -> tuple[float, ...]:
    """What a move takes: its direction inside a subspace."""
    return (1.0,) * len(finding.basis) if isinstance(finding, Subspace) else ()


# ---- progress and cancellation


def test_progress_rises_to_its_end(method: DiscoveryMethod, world: World) -> None:
    seen: list[tuple[int, int]] = []
    method.fit(world.problem(progress=lambda done, total, note="": seen.append((done, total))))
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1] > 0


def test_cancellation_is_let_through(method: DiscoveryMethod, world: World) -> None:
    def cancel(done: int, total: int, note: str = "") -> None:
        raise Cancelled("no longer wanted")

    before = fingerprint(world.generator)
    with pytest.raises(Cancelled, match="no longer wanted"):
        method.fit(world.problem(progress=cancel))
    assert fingerprint(world.generator) == before


# ---- the generator


def test_the_generator_is_left_untouched(method: DiscoveryMethod, world: World) -> None:
    before = fingerprint(world.generator)
    method.fit(world.problem())
    assert fingerprint(world.generator) == before


def test_the_generator_is_left_untouched_by_a_failure(
    method: DiscoveryMethod, world: World
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("broken on purpose")

    before = fingerprint(world.generator)
    with pytest.raises(RuntimeError, match="on purpose"):
        method.fit(world.problem(progress=fail))
    assert fingerprint(world.generator) == before


def fingerprint(generator: Generator) -> tuple[object, ...]:
    """Weights, hooks, modes and gradients of everything that the generator holds."""
    parts = list(vars(generator).values())
    modules = [m for part in parts if isinstance(part, nn.Module) for m in part.modules()]
    tensors = [part for part in parts if isinstance(part, torch.Tensor)]
    tensors += [t for m in modules for t in (*m.parameters(False), *m.buffers(False))]
    return (
        hashlib.sha256(b"".join(t.detach().numpy().tobytes() for t in tensors)).hexdigest(),
        [(t.requires_grad, t.grad is None) for t in tensors],
        [m.training for m in modules],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules],
        [len(m._backward_hooks) + len(m._backward_pre_hooks) for m in modules],
        torch.is_grad_enabled(),
    )


# ---- needs


class GuardedGenerator(Generator):
    """A generator that gives its weights and images only to those who declared the need."""

    def __init__(self, inner: Generator, needs: frozenset[Need]):
        super().__init__(inner.card, inner.device)
        self.inner, self.needs = inner, needs

    def truncate(self, latents: torch.Tensor, space: Space, psi: float) -> torch.Tensor:
        return self.inner.truncate(latents, space, psi)

    def convert(self, latents: torch.Tensor, source: Space, target: Space) -> torch.Tensor:
        return self.inner.convert(latents, source, target)

    def synthesise(
        self, latents, space, noise=Noise.CONSTANT, noise_seeds=(), taps=None
    ) -> torch.Tensor:
        assert {Need.GRADIENTS, Need.NETWORKS} & self.needs, "images were not declared"
        return self.inner.synthesise(latents, space, noise, noise_seeds, taps)

    @property
    def tangent_cost(self) -> float:
        return self.inner.tangent_cost

    def push(self, point, tangents, space) -> torch.Tensor:
        assert {Need.GRADIENTS, Need.NETWORKS} & self.needs, "images were not declared"
        return self.inner.push(point, tangents, space)

    def weights(self, space: Space) -> Mapping[int, torch.Tensor]:
        assert Need.WEIGHTS in self.needs, "weights were not declared"
        return self.inner.weights(space)


@dataclass(frozen=True)
class GuardedProblem(Problem):
    """A problem some of whose parts must not be looked at."""

    forbidden: frozenset[str] = frozenset()

    def __getattribute__(self, name: str) -> object:
        if name in ("predictors", "population", "score", "networks"):
            forbidden = object.__getattribute__(self, "forbidden")
            assert name not in forbidden, f"{name} was not declared"
        return object.__getattribute__(self, name)


def test_asks_for_nothing_beyond_its_needs(method: DiscoveryMethod, world: World) -> None:
    problem = world.problem()
    parts = {f.name: getattr(problem, f.name) for f in fields(problem)}
    parts["generator"] = GuardedGenerator(world.generator, method.needs)
    guarded = GuardedProblem(**parts, forbidden=frozenset(undeclared(method.needs)))
    assert finding_set_digest(method.fit(guarded)) == finding_set_digest(
        method.fit(world.problem())
    )


def undeclared(needs: frozenset[Need]) -> Iterator[str]:
    if Need.POPULATION not in needs:
        yield "population"
    if Need.SCORES not in needs:
        yield "score"
    if Need.NETWORKS not in needs:
        yield "networks"
    if not needs & JUDGED:
        yield "predictors"


def test_unmet_needs_are_refused(method: DiscoveryMethod, world: World) -> None:
    bare = Problem(world.generator, seed=3)
    if not method.needs & JUDGED:
        assert len(method.fit(bare)) > 0
        return
    with pytest.raises(NeedsUnmet, match=method.name):
        method.fit(bare)
    with pytest.raises(NeedsUnmet, match=method.name):
        method.fit(world.problem(population=None, score=None, networks=()))


# ---- planted truth


def planted_sefa(world: World) -> None:
    found = vectors(make("sefa", normalise=False).fit(world.problem()))
    aligned = np.abs(np.einsum("kd,kd->k", found, world.axes[: len(found)]))
    assert aligned.min() > 0.9999


def planted_interfacegan(world: World) -> None:
    problem = world.problem(population=world.population(3, 2000))
    found = vectors(make("interfacegan").fit(problem))
    assert np.einsum("kd,kd->k", found, world.readings).min() > 0.98


def planted_intervention(world: World) -> None:
    """The score is linear: importance is in proportion to |reading|, signs are the reading's."""
    found = make("intervention", top_k=3).fit(world.problem())
    for finding, reading in zip(found.findings, world.readings, strict=True):
        strongest = np.argsort(-np.abs(reading))[:3]
        assert set(finding.coordinates) == set(strongest)
        assert np.array_equal(np.sign(finding.values), np.sign(reading[finding.coordinates]))


def planted_sensitivity(world: World) -> None:
    """As above: of a linear score the strongest readings are the most sensitive coordinates."""
    settings = {"measure": "score", "samples": 32, "epochs": 10, "top_k": 3}
    found = make("sensitivity", **settings).fit(world.problem())
    for finding, reading in zip(found.findings, world.readings, strict=True):
        assert set(finding.coordinates) == set(np.argsort(-np.abs(reading))[:3])
        assert np.array_equal(np.sign(finding.values), np.sign(reading[finding.coordinates]))


def planted_ice(world: World) -> None:
    """Where score a is held, the strongest axis that is left is the second one, and so on."""
    found = make("ice", suppressed=["score:a"], kind="directions").fit(world.problem())
    assert len(found) == len(world.axes) - 1
    aligned = np.abs(np.einsum("kd,kd->k", vectors(found), world.axes[1:]))
    assert aligned.min() > 0.9999


def planted_dplase(world: World) -> None:
    """Image = A z: changes are largest and unlike for the right singular vectors."""
    settings = {"steps": 400, "batch": 32, "walk": "linear", "subspaces": 0}
    found = vectors(make("dplase", **settings).fit(world.problem()))
    aligned = np.abs(np.einsum("kd,kd->k", found, world.axes[: len(found)]))
    assert aligned.min() > 0.98


def planted_sc2gan(world: World) -> None:
    """W = M z lets the readings go together; a pure direction changes its own reading alone."""
    mixed = linear_world(w_dim=len(SPECTRUM))
    problem = mixed.problem(population=mixed.population(3, 2000))
    told = mixed.readings @ vectors(make("sc2gan", rounds=2, share=0.1).fit(problem)).T
    own = np.diag(told)
    assert own.min() > 0
    assert np.abs(told / own - np.eye(len(own))).max() < 0.1


PLANTED = {
    "sc2gan": planted_sc2gan,
    "dplase": planted_dplase,
    "ice": planted_ice,
    "sefa": planted_sefa,
    "interfacegan": planted_interfacegan,
    "intervention": planted_intervention,
    "sensitivity": planted_sensitivity,
}


def vectors(findings: FindingSet) -> np.ndarray:
    return np.stack([finding.vector for finding in findings.findings])


def test_recovers_its_planted_truth(method: DiscoveryMethod) -> None:
    assert len(SPECTRUM) == len(linear_world().axes)
    PLANTED[method.name](linear_world())


# ---- what a reader needs


def test_names_its_source_and_has_its_own_test(method: DiscoveryMethod) -> None:
    module = inspect.getmodule(type(method))
    assert "Source:" in (module.__doc__ or "") + (type(method).__doc__ or "")
    assert (TESTS / f"test_{method.name}.py").is_file()
    assert module.__name__ == f"directrix.methods.{method.name}"


def test_description_is_one_sentence(method: DiscoveryMethod) -> None:
    first = (type(method).__doc__ or "").splitlines()[0]
    assert first.endswith(".")
    assert 20 < len(first) < 120


def test_every_parameter_is_described_and_has_a_default(method: DiscoveryMethod) -> None:
    schema = type(method).Params.model_json_schema()
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    for name, field in schema["properties"].items():
        assert len(field.get("description", "")) > 10, name
        assert "default" in field, name


def test_every_number_is_bounded(method: DiscoveryMethod) -> None:
    for name, field in type(method).Params.model_json_schema()["properties"].items():
        checked = field.get("items", field)
        if checked.get("type") in ("integer", "number"):
            assert "minimum" in checked, name
            assert "maximum" in checked, name
        if field.get("type") in ("array", "string") and "enum" not in field:
            assert {"maxItems", "maxLength", "$ref"} & set(field), name
