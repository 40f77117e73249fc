"""An audit: what a whole classifier relies on, what flips it, and what cannot be told."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from directrix.types.scorecard import Interval

EXPLANATION_BUDGET = 1500
"""Pictures for one explanation of an audit, where nobody says otherwise."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Value):
    """A figure with its 95 % interval."""

    value: float
    interval: Interval


class Named(_Value):
    """One finding: the digest of its set, its place there, and what its method knows of it."""

    finding_set: str
    index: int
    hint: str = ""


class Reliance(_Value):
    """How far the classifier's answers hang on one finding, moved by 1 SD either way."""

    finding: Named
    variation: Measured
    """Mean total-variation distance of the class probabilities before and after, in [0, 1]."""
    flips: Measured
    """Share of the moved pictures of which it says another class than before."""
    effect: tuple[float, ...]
    """By class: mean change of its probability from -1 SD to +1 SD, in [-1, 1]."""
    grey_levels: float
    """Mean absolute change of a pixel, 0 to 255."""
    reference: float | None = None
    """`variation` of the reference; None where none was named."""
    beyond: Measured
    """Steady change of the classifier's log odds for 1 SD that the allowed scores do not tell, in
    SD of its log odds over the population; all of it where no scores are allowed."""
    strength: float
    """`beyond` as a multiple of `Audit.floor`: above 1 it is more than is seen by chance."""
    partial: float
    """Share of `beyond` that no finding before it in the table accounts for: small for one that is
    only alike to another."""
    allowed: bool = False
    """Whether the request names it as something to rely on: it is not accused then."""
    accused: bool | None = None
    """Whether the classifier relies on it though it should not; None where nobody has said what it
    may rely on."""


class Flips(_Value):
    """How often moving one finding turns one class into another, in everyone or in a subgroup."""

    finding: Named
    source: str
    target: str
    """Empty for any other class."""
    group: str = ""
    """Empty for all pictures; else "smile +", "smile -", or a class of the group's predictor."""
    tried: int
    """Pictures of the source class."""
    share: float
    """That become the target within the reach, on the way of least distance."""
    interval: Interval
    median_sd: float | None
    """Of the distances of those that do, in SD; None where none does."""


class Stride(_Value):
    """A finding and how far it is moved, in SD."""

    finding: Named
    alpha: float


class GlobalDirection(_Value):
    """One movement that turns most pictures of a class into another."""

    source: str
    target: str
    strides: tuple[Stride, ...]
    distance_sd: float
    """Length of the movement."""
    share: Measured
    """Of pictures of the source class that it was not chosen on, those that become the target."""
    tried: int


class Stability(_Value):
    """Whether the explanation stays when the picture changes a little."""

    noise_sd: float
    """How far the latent is pushed at random, as a share of the population's SD."""
    pairs: int
    """Pictures and their likes that both have an explanation towards the same class."""
    asked: int
    jaccard: Measured | None
    """Of the sets of moved findings: 1 where they are the same. None without pairs."""
    distance_sd: Measured | None
    """Between the two movements, in SD, as a share of the mean of their lengths."""


class SpanVerdict(StrEnum):
    INSIDE = "inside"
    """What the classifier relies on in these images can be made by the generator."""
    OUTSIDE = "outside_the_generators_span"
    """It answers by something that the generator cannot make: no finding can show it."""
    UNTOLD = "untold"
    """No images were given, too few, or the inversion loses what the reference sees as well."""


class Span(_Value):
    """Whether the classifier answers by what the generator can make."""

    verdict: SpanVerdict
    images: int = 0
    label_kept: Measured | None = None
    """Share of images whose inversion gets the class of the image."""
    reference_kept: Measured | None = None
    """The same of the reference."""
    explained: Measured | None = None
    """Share of images that lose their class with the inversion, keep the reference's, and have it
    back when one small region of the image is put into the inversion."""
    chance: float | None = None
    """The same for regions of that size anywhere else."""
    region: tuple[float, float, float, float] | None = None
    """Where it mostly is: top, left, bottom, right, as shares of the image."""
    error: float | None = None
    """Median mean squared error of the inversions, in [-1, 1]."""


class Difference(_Value):
    """Reliance of the classifier less that of the rival, on the same moved pictures."""

    finding: Named
    variation: Measured
    flips: Measured


class FlipModel(_Value):
    """Tells of any picture whether one movement would flip the classifier: a linear reading of the
    picture, averaged to side x side. `directrix.audits.predict_flips` applies it."""

    stride: Stride
    side: int
    means: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    """The score is intercept + weights . (pooled - means): above 0 a flip is expected."""


class Audit(_Value):
    """What was asked, and all that was found. Tables are in the order of importance."""

    generator: str
    classifier: str
    classes: tuple[str, ...]
    reference: str = ""
    rival: str = ""
    finding_sets: tuple[str, ...]
    seed: int
    samples: int
    images: str = ""
    """Digest of the real images that latents were given for; empty for a seeded population."""
    reach_sd: float
    """How far findings were moved for `flips`."""
    floor: float
    """Of `Reliance.beyond`: only findings above it can be accused."""
    false_accusations: float
    """Chance that a finding like the random ones is accused at all, among these candidates."""
    target_probability: float = Field(default=0.0, exclude_if=lambda asked: asked == 0)
    """What the new class had to reach for a flip to count; 0 where the flip was enough. Written
    down only where it was asked for, so that other audits keep their digests."""
    random_findings: int
    class_shares: tuple[float, ...]
    """Of the population, as the classifier sees it."""
    agreement: float | None = None
    """Share of the population of which classifier and reference say the same."""
    reliance: tuple[Reliance, ...]
    """The most suspicious first: the accused in the order in which they were, then by the square of
    `beyond` per grey level."""
    flips: tuple[Flips, ...]
    directions: tuple[GlobalDirection, ...]
    stability: Stability | None = None
    span: Span
    differences: tuple[Difference, ...] = ()
    flip_models: tuple[FlipModel, ...] = ()

    @property
    def accused(self) -> tuple[Reliance, ...]:
        return tuple(row for row in self.reliance if row.accused)
