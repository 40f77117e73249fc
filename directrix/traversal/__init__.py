"""Directions told by what moving along them changes inside the generator.

Source: Li et al., "Discovering Density-Preserving Latent Space Walks in GANs for Semantic Image
Transformations" (ACM MM 2021), eq. 8 to 11; what `directrix.methods.dplase` is made of.
"""

from directrix.traversal.attribution import channel_effects, judge_side_by_side
from directrix.traversal.features import FeatureReader
from directrix.traversal.forms import Form, parametrise
from directrix.traversal.grouping import ChannelSearch, ScorerChannels
from directrix.traversal.keeping import draw_within
from directrix.traversal.objective import Changes, Weights, changes, loss
from directrix.traversal.principal import principal_directions
from directrix.traversal.refinement import ChannelEffects, cost, side_effects
from directrix.traversal.search import Search, SearchSettings
from directrix.traversal.steps import StepName, choose_step
from directrix.traversal.subspaces import (
    ChannelSubspaces,
    Expression,
    Moments,
    change_moments,
    channel_changes,
    channel_moments,
    cluster_channels,
    express,
    express_by_training,
)

__all__ = [
    "Changes",
    "ChannelEffects",
    "ChannelSearch",
    "ChannelSubspaces",
    "Expression",
    "FeatureReader",
    "Form",
    "Moments",
    "ScorerChannels",
    "Search",
    "SearchSettings",
    "StepName",
    "Weights",
    "change_moments",
    "changes",
    "channel_changes",
    "channel_effects",
    "channel_moments",
    "choose_step",
    "cluster_channels",
    "cost",
    "draw_within",
    "express",
    "express_by_training",
    "judge_side_by_side",
    "loss",
    "parametrise",
    "principal_directions",
    "side_effects",
]
