"""The words of Directrix as frozen values, NumPy at the border."""

from directrix.types.audit import (
    EXPLANATION_BUDGET,
    Audit,
    Difference,
    FlipModel,
    Flips,
    GlobalDirection,
    Measured,
    Named,
    Reliance,
    Span,
    SpanVerdict,
    Stability,
    Stride,
)
from directrix.types.audit_record import AuditDocument, AuditManifest, AuditRecord
from directrix.types.comparison import ComparedSet, Comparison
from directrix.types.counterfactual import Counterfactual, CurvePoint, MovedFinding, Status
from directrix.types.finding import (
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingKind,
    Intervention,
    Operation,
    Subspace,
    Units,
)
from directrix.types.finding_set import FindingSet, Provenance
from directrix.types.latent import Latent, Space
from directrix.types.manifest import ArrayEntry, FindingEntry, Manifest
from directrix.types.model_card import (
    PROSE,
    EncoderCard,
    GeneratorCard,
    ImageCard,
    LayerCard,
    Metric,
    ModelCard,
    PredictorCard,
    ScoreKind,
    Scorer,
    SpaceCard,
)
from directrix.types.population import SHARD, Form, Population, PopulationSpec, Rows, ScoredShard
from directrix.types.recipe import (
    FindingRef,
    ImageSource,
    LatentSource,
    Move,
    Noise,
    Recipe,
    SeedSource,
    Source,
    Walk,
)
from directrix.types.scorecard import NONE, FindingScore, MatchedScore, Scorecard, ScorerRef
from directrix.types.shot import Shot

__all__ = [name for name in dir() if name[0].isupper()]
