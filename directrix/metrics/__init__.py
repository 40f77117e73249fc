"""What is measured, once, for everything: effects, intervals, sparsity, truth.

`importance` is not imported here: it needs scikit-learn.
"""

from directrix.metrics.bootstrap import (
    bootstrap_interval,
    effect_interval,
    paired_interval,
    statistic_interval,
)
from directrix.metrics.columns import choose_columns, column_labels, owner
from directrix.metrics.controlling_set import Rule, controlling_set
from directrix.metrics.coordinates import Agreement, CoordinateAnalysis, measure_agreement
from directrix.metrics.dci import Dci, measure_dci
from directrix.metrics.dependency import (
    Dependency,
    DependencyGap,
    attribute_dependency,
    dependency_gap,
)
from directrix.metrics.discoveries import discovery_floor
from directrix.metrics.effects import mean_effect, monotonicity
from directrix.metrics.floor import random_like
from directrix.metrics.frechet import frechet_distance
from directrix.metrics.leakage import Leakage, measure_leakage
from directrix.metrics.mig import mutual_information_gap
from directrix.metrics.rotations import (
    RotationTest,
    percentile,
    rotated_bases,
    rotation_test,
    slope_importance,
)
from directrix.metrics.sensitivity import Sensitivity, measure_sensitivity
from directrix.metrics.sparsity import gini, hoyer
from directrix.metrics.spectrum import radial_power
from directrix.metrics.translation import (
    Translation,
    complement,
    drift,
    measure_translation,
    random_sets,
    translation_matrix,
)
from directrix.metrics.truth import FindingTruth, Truth, measure_truth

__all__ = [
    "Agreement",
    "CoordinateAnalysis",
    "Dci",
    "Dependency",
    "DependencyGap",
    "FindingTruth",
    "Leakage",
    "RotationTest",
    "Rule",
    "Sensitivity",
    "Translation",
    "Truth",
    "attribute_dependency",
    "bootstrap_interval",
    "choose_columns",
    "column_labels",
    "complement",
    "controlling_set",
    "dependency_gap",
    "discovery_floor",
    "drift",
    "effect_interval",
    "frechet_distance",
    "gini",
    "hoyer",
    "mean_effect",
    "measure_agreement",
    "measure_dci",
    "measure_leakage",
    "measure_sensitivity",
    "measure_translation",
    "measure_truth",
    "monotonicity",
    "mutual_information_gap",
    "owner",
    "paired_interval",
    "percentile",
    "radial_power",
    "random_like",
    "random_sets",
    "rotated_bases",
    "rotation_test",
    "slope_importance",
    "statistic_interval",
    "translation_matrix",
]
