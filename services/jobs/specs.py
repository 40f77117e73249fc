"""Specifications: what jobs are about. All that decides a result, and nothing else.

A specification's digest is of digests: what models and sets are called makes no difference.
"""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from directrix.archive import canonical_json, sha256
from directrix.types import EXPLANATION_BUDGET, Space


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelRef(_Value):
    """A model by resource name and digest."""

    name: str
    digest: str


class DiscoverySpec(_Value):
    """All that decides a discovery's result. parameters: complete, defaults filled in."""

    generator: ModelRef
    predictors: tuple[ModelRef, ...] = ()
    method: str
    parameters: dict[str, JsonValue] = {}
    seed: int = 0
    samples: int = 4096
    """Size of the population, for methods that need one."""
    judges: tuple[ModelRef, ...] = ()
    """Predictors that the method does not see and the scorecard is made with; where there are
    none, `predictors` judge."""

    @property
    def digest(self) -> str:
        """Names do not count: digests of models do."""
        models = [
            self.generator.digest,
            [p.digest for p in self.predictors],
            [j.digest for j in self.judges],
        ]
        rest = [self.method, self.parameters, self.seed, self.samples]
        return sha256(canonical_json([models, rest]))


class EncoderSpec(_Value):
    """All that decides an encoder. model: the id that it is registered under."""

    generator: ModelRef
    embedder: ModelRef | None = None
    space: Space
    steps: int
    seed: int = 0
    model: str

    @property
    def method(self) -> str:
        """What stands where a discovery names its method."""
        return "train-encoder"

    @property
    def parameters(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {
            "space": str(self.space),
            "steps": self.steps,
            "model": self.model,
        }
        return {**found, "embedder": self.embedder.name} if self.embedder else found

    @property
    def digest(self) -> str:
        """Names do not count: digests of models do."""
        models = [self.generator.digest, self.embedder.digest if self.embedder else ""]
        return sha256(canonical_json([self.method, models, self.space, self.steps, self.seed]))


class SetRef(_Value):
    """A finding set by resource name and digest."""

    name: str
    digest: str


class ScoreRef(_Value):
    """One scorer of a predictor, or all of them where `scorer` is empty."""

    predictor: ModelRef
    scorer: str = ""


class PlaceRef(_Value):
    """One finding: which of the specification's sets, and its place there."""

    finding_set: int
    index: int


class PicturesSpec(_Value):
    """Real pictures and how they are inverted.

    images: digest of a stored safetensors file, "images" uint8 [N, H, W, C]. steps: 0 takes what
    the encoder says as it is.
    """

    images: str
    count: int
    space: Space
    steps: int
    encoder: ModelRef | None = None
    embedder: ModelRef | None = None


class AuditSpec(_Value):
    """All that decides an audit; what its fields mean is `directrix.audits.AuditQuestion`'s."""

    generator: ModelRef
    classifier: ModelRef
    finding_sets: tuple[SetRef, ...]
    reference: ModelRef | None = None
    rival: ModelRef | None = None
    allowed_scores: tuple[ScoreRef, ...] = ()
    allowed_findings: tuple[PlaceRef, ...] = ()
    groups: tuple[ScoreRef, ...] = ()
    seed: int = 0
    samples: int
    """Of the population; 0 where there are pictures."""
    pictures: PicturesSpec | None = None
    steps: tuple[float, ...]
    random_findings: int
    explained: int
    noise_sd: float
    pairs: int
    target_probability: float = Field(default=0.0, exclude_if=lambda asked: asked == 0)
    budget: int = Field(
        default=EXPLANATION_BUDGET, exclude_if=lambda asked: asked == EXPLANATION_BUDGET
    )
    """Both are written down only where they are asked for: other audits keep their digests."""

    @property
    def method(self) -> str:
        """What stands where a discovery names its method."""
        return "audit-classifier"

    @property
    def parameters(self) -> dict[str, JsonValue]:
        """The specification itself, but for the generator."""
        return self.model_dump(mode="json", exclude={"generator"}, exclude_none=True)

    @property
    def predictors(self) -> tuple[ModelRef, ...]:
        """Each once: the classifier, the reference, the rival, then those that are asked scores."""
        named = (self.classifier, self.reference, self.rival)
        scored = (ref.predictor for ref in (*self.allowed_scores, *self.groups))
        found = {ref.digest: ref for ref in (*named, *scored) if ref is not None}
        return tuple(found.values())

    @property
    def digest(self) -> str:
        """Names do not count: digests of models and sets do."""
        return sha256(canonical_json([self.method, _nameless(self.model_dump(mode="json"))]))


def _nameless(value: object) -> object:
    """Without the name wherever there is a digest."""
    if isinstance(value, dict):
        kept = value.keys() - ({"name"} if "digest" in value else set())
        return {key: _nameless(value[key]) for key in kept}
    if isinstance(value, list):
        return [_nameless(item) for item in value]
    return value


Spec = DiscoverySpec | EncoderSpec | AuditSpec
"""What a job is about; each kind forbids the others' fields."""
