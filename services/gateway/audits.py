"""Audits: checked as far as they can be, recorded, and then put into the queue."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from google.longrunning import operations_pb2

from directrix.errors import InvalidField, ObjectNotFound, PredictorMismatch
from directrix.types import EXPLANATION_BUDGET, ImageCard
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.latents import SPACES
from services.gateway.lookups import FindingSetEntry, GeneratorEntry, Lookups, PredictorEntry
from services.gateway.recipes import Recipes, check_space, default_space, pixels_of
from services.gateway.starts import Starts
from services.gateway.verdicts import check_classifiers
from services.jobs.specs import (
    AuditSpec,
    ModelRef,
    PicturesSpec,
    PlaceRef,
    ScoreRef,
    SetRef,
)

SAMPLES = 128
STEPS = (1.0, 2.0, 3.0)
RANDOM_FINDINGS, FEWEST_RANDOM = 60, 20
EXPLAINED, NOISE_SD, PAIRS = 8, 0.1, 12
INVERSION_STEPS = 200


@dataclass(frozen=True)
class Audits:
    """Starts audits. threads: decode pictures."""

    lookups: Lookups
    recipes: Recipes
    starts: Starts
    threads: Executor

    async def start(self, request: pb.AuditClassifierRequest) -> operations_pb2.Operation:
        """The job's record, and its pictures before it, are written before this answers.

        Raises ModelNotFound, FindingSetNotFound, FindingMismatch, PredictorMismatch, InvalidField,
        SpaceUnavailable, EncoderMismatch, ImageInvalid, ObjectNotFound, RequestIdReused.
        """
        self.lookups.names.parent(request.parent)
        spec = await self._spec(request)
        if request.validate_only:
            return await self.starts.foresee(spec, pb.AuditClassifierResponse())
        return await self.starts.start(spec, request, request.request_id)

    async def _spec(self, request: pb.AuditClassifierRequest) -> AuditSpec:
        generator = await self.lookups.generator(request.generator, "generator")
        classifier = await self._classifier(request.classifier, "classifier", generator)
        named = [
            await self._alike(getattr(request, field), field, classifier, generator)
            for field in ("reference", "rival")
        ]
        sets = [
            await self.recipes.finding_set(name, generator, f"finding_sets[{i}]")
            for i, name in enumerate(request.finding_sets)
        ]
        allowed = await self._scores(request.allowed_scores, "allowed_scores", generator)
        groups = await self._scores(request.groups, "groups", generator)
        _check_numbers(request)
        pictures = None
        if request.HasField("pictures"):
            pictures = await self._pictures(request.pictures, generator, request.validate_only)
        return AuditSpec(
            generator=ModelRef(name=generator.name, digest=generator.digest),
            classifier=_ref(classifier),
            finding_sets=tuple(SetRef(name=each.name, digest=each.digest) for each in sets),
            reference=named[0],
            rival=named[1],
            allowed_scores=allowed,
            allowed_findings=tuple(
                _place(ref, sets, f"allowed_findings[{i}]")
                for i, ref in enumerate(request.allowed_findings)
            ),
            groups=groups,
            seed=request.seed,
            samples=0 if pictures else request.samples or SAMPLES,
            pictures=pictures,
            steps=tuple(request.steps) or STEPS,
            random_findings=request.random_findings or RANDOM_FINDINGS,
            explained=request.explained if request.HasField("explained") else EXPLAINED,
            noise_sd=request.noise_sd or NOISE_SD,
            pairs=request.pairs or PAIRS,
            target_probability=request.target_probability,
            budget=request.explanation_budget or EXPLANATION_BUDGET,
        )

    async def _classifier(self, name: str, field: str, generator: GeneratorEntry) -> PredictorEntry:
        found = await self.lookups.predictor(name, field, generator.card.image)
        check_classifiers([found])
        return found

    async def _alike(
        self, name: str, field: str, classifier: PredictorEntry, generator: GeneratorEntry
    ) -> ModelRef | None:
        """A second classifier, which knows all classes of the first."""
        if not name:
            return None
        found = await self._classifier(name, field, generator)
        missing = [name for name in classifier.scorers if name not in found.scorers]
        if missing:
            raise PredictorMismatch(
                f"{field}: {found.name} does not know the class {missing[0]!r} of "
                f"{classifier.name}: it has {', '.join(found.scorers)[:300]}",
                predictor=found.name,
            )
        return _ref(found)

    async def _scores(
        self, refs: Sequence[pb.ScoreRef], field: str, generator: GeneratorEntry
    ) -> tuple[ScoreRef, ...]:
        found = []
        for i, ref in enumerate(refs):
            place = f"{field}[{i}]"
            entry = await self.lookups.predictor(
                ref.predictor, f"{place}.predictor", generator.card.image
            )
            if ref.scorer and ref.scorer not in entry.scorers:
                raise InvalidField(
                    f"{place}: {entry.name} has no scorer {ref.scorer!r}: it has "
                    f"{', '.join(entry.scorers)[:300]}",
                    field=f"{place}.scorer",
                )
            if field == "groups" and not ref.scorer:
                check_classifiers([entry])
            found.append(ScoreRef(predictor=_ref(entry), scorer=ref.scorer))
        return tuple(found)

    async def _pictures(
        self, given: pb.PictureSet, generator: GeneratorEntry, validate_only: bool
    ) -> PicturesSpec:
        card = generator.card
        check_space(given.space, card, "pictures.space")
        space = SPACES[given.space] if given.space else default_space(card)
        encoder = embedder = None
        if given.encoder:
            found = await self.lookups.encoder(given.encoder, "pictures.encoder", card, space)
            encoder = ModelRef(name=found.name, digest=found.digest)
        elif given.encoder_only:
            raise InvalidField(
                "pictures.encoder_only needs an encoder", field="pictures.encoder_only"
            )
        if given.embedder:
            embedder = _ref(
                await self.lookups.predictor(given.embedder, "pictures.embedder", card.image)
            )
        digest, count = await self._stored(given, card.image, validate_only)
        return PicturesSpec(
            images=digest,
            count=count,
            space=space,
            steps=0 if given.encoder_only else given.steps or INVERSION_STEPS,
            encoder=encoder,
            embedder=embedder,
        )

    async def _stored(
        self, given: pb.PictureSet, image: ImageCard, validate_only: bool
    ) -> tuple[str, int]:
        """Digest and number of the pictures, which are stored now or were before."""
        if bool(given.digest) == bool(given.images):
            raise InvalidField("pictures are given either as images or by their digest",
                               field="pictures.images")  # fmt: skip
        shelf = self.lookups.catalogue.audits
        if given.digest:
            pixels = await self.lookups.call(shelf.pictures, given.digest)
            wanted = (image.height, image.width, image.channels)
            if pixels.shape[1:] != wanted:
                raise ObjectNotFound(
                    f"the pictures {given.digest} have another size than the generator's images",
                    digest=given.digest,
                )
            return given.digest, len(pixels)
        if len(given.images) < 2:
            raise InvalidField("an audit takes 2 pictures or more", field="pictures.images")
        loop = asyncio.get_running_loop()
        pixels = await loop.run_in_executor(self.threads, _decoded, list(given.images), image)
        if validate_only:
            return "", len(pixels)
        return await self.lookups.call(shelf.put_pictures, pixels), len(pixels)


def _check_numbers(request: pb.AuditClassifierRequest) -> None:
    """What the message's own rules cannot say."""
    steps = list(request.steps)
    if steps and (steps[0] != 1 or steps != sorted(steps)):
        raise InvalidField("steps ascend from 1", field="steps")
    if 0 < request.random_findings < FEWEST_RANDOM:
        raise InvalidField(
            f"a floor takes {FEWEST_RANDOM} random findings or more", field="random_findings"
        )
    if request.samples == 1:
        raise InvalidField("an audit takes 2 samples or more", field="samples")
    if request.samples and request.HasField("pictures"):
        raise InvalidField("an audit looks at samples or at pictures, not both", field="samples")


def _place(ref: values_pb2.FindingRef, sets: Sequence[FindingSetEntry], field: str) -> PlaceRef:
    names = [entry.name for entry in sets]
    if ref.finding_set not in names:
        raise InvalidField(
            f"{field} names none of the audit's finding sets", field=f"{field}.finding_set"
        )
    place = names.index(ref.finding_set)
    if ref.index >= sets[place].count:
        raise InvalidField(
            f"{field}.index: {ref.finding_set} has {sets[place].count} findings, counted from 0",
            field=f"{field}.index",
        )
    return PlaceRef(finding_set=place, index=ref.index)


def _decoded(images: Sequence[bytes], card: ImageCard) -> np.ndarray:
    """uint8 [N, H, W, C]."""
    return np.stack([pixels_of(data, card) for data in images])


def _ref(entry: PredictorEntry) -> ModelRef:
    return ModelRef(name=entry.name, digest=entry.digest)
