"""Rendering: recipes -> pixels and scores. Same recipe, same bytes."""

from directrix.batches import BATCH
from directrix.rendering.plan import Plan
from directrix.rendering.renderer import Inverted, Rendered, Renderer

__all__ = ["BATCH", "Inverted", "Plan", "Rendered", "Renderer"]
