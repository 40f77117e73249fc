"""Correction of directions that training data entangled: what SC2GAN does around a learner.

Source: Chen, Zhao, Aarabi and Jiang, "SC2GAN: Rethinking Entanglement by Self-correcting Correlated
GAN Space" (arXiv 2310.06667). The paper's text was not at hand: the steps follow its abstract and
the same first author's released code for "Exploring Gradient-based Multi-directional Controls in
GANs" (ECCV 2022).
"""

from directrix.correction.balance import balanced, cells, mean_difference, paired_difference
from directrix.correction.entanglement import Cell, Entanglement, Split, study, thresholds
from directrix.correction.gradient_field import FieldLearner, Perceptron
from directrix.correction.low_density import Goal, LowDensitySet, goals, partners, search
from directrix.correction.mover_learner import LearnerName, MoverLearner
from directrix.correction.movers import Curved, Mover, Straight, curved, recalled, straight
from directrix.correction.population_codes import PopulationCodes, ends, population_scores
from directrix.correction.reader import Reader
from directrix.correction.reprojection import Slopes, invert, restore
from directrix.correction.semantic_layers import layer_effects, semantic_layers
from directrix.correction.side_effects import side_effects

__all__ = [
    "Cell",
    "Curved",
    "Entanglement",
    "FieldLearner",
    "Goal",
    "LearnerName",
    "LowDensitySet",
    "Mover",
    "MoverLearner",
    "Perceptron",
    "PopulationCodes",
    "Reader",
    "Slopes",
    "Split",
    "Straight",
    "balanced",
    "cells",
    "curved",
    "ends",
    "goals",
    "invert",
    "layer_effects",
    "mean_difference",
    "paired_difference",
    "partners",
    "population_scores",
    "recalled",
    "restore",
    "search",
    "semantic_layers",
    "side_effects",
    "straight",
    "study",
    "thresholds",
]
