"""What the demonstration is about: the worlds whose models lie in the given folders."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from directrix.client import Client, Conflict, Model
from directrix.demo.worlds import WORLDS, World


@dataclass(frozen=True)
class Subject:
    """A world whose models are registered."""

    world: World
    generator: Model
    predictors: tuple[Model, ...]
    oracle: Model | None

    @property
    def classifier(self) -> Model:
        """The first predictor."""
        return self.predictors[0]

    @property
    def truncation(self) -> float:
        """The psi that the generator's card suggests for display."""
        return float(self.generator.card.get("truncation", 1.0))

    @property
    def judges(self) -> list[str]:
        """Names of all that score its pictures."""
        named = [*self.predictors, *([self.oracle] if self.oracle else [])]
        return [model.name for model in named]


def register(client: Client, folders: Sequence[Path]) -> list[Subject]:
    """Registers the models of every world that is complete; those there already stay as they are.

    A world is complete where its generator and predictors lie in the folders.
    """
    found = {card.parent.name: card.parent for f in folders for card in f.glob("*/card.json")}
    return [
        _subject(client, world, found)
        for world in WORLDS
        if {world.generator, *world.predictors} <= set(found)
    ]


def _subject(client: Client, world: World, found: dict[str, Path]) -> Subject:
    oracle = found.get(world.oracle)
    return Subject(
        world=world,
        generator=_register(client, found[world.generator]),
        predictors=tuple(_register(client, found[name]) for name in world.predictors),
        oracle=_register(client, oracle) if oracle else None,
    )


def _register(client: Client, folder: Path) -> Model:
    """Under its own name, or with its digest behind it where an older model has that name."""
    text = (folder / "card.json").read_text("utf-8")
    tensors = (folder / "model.safetensors").read_bytes()
    card = json.loads(text)
    try:
        return client.register_model(card["name"], text, tensors)
    except Conflict:
        return client.register_model(f"{card['name']}-{card['digest'][:8]}", text, tensors)
