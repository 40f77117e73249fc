"""Worlds: what the demonstration asks of which models, where they are there."""

from collections.abc import Mapping
from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True)
class World:
    """One generator with those who judge it, by the names of their model folders.

    predictors: the first one is a classifier where there are switches; their scorers name the
    findings. methods: each with its parameters. samples: of the population. oracle: an independent
    classifier of the same classes. switches: counterfactuals to ask for, (from, to).
    """

    generator: str
    title: str
    about: str
    predictors: tuple[str, ...]
    methods: Mapping[str, Mapping[str, object]]
    samples: int = 4096
    oracle: str = ""
    switches: tuple[Pair, ...] = ()

    @property
    def stem(self) -> str:
        """What its files are called after: "fashion", "avatar", "face"."""
        return self.generator.split("-")[0]


WORLDS = (
    World(
        generator="fashion-generator",
        title="Clothes",
        about="A style-based generator trained on Fashion-MNIST, judged by a classifier of ten "
        "kinds of clothing.",
        predictors=("fashion-classifier",),
        methods={"sefa": {}, "interfacegan": {}, "intervention": {}},
        oracle="fashion-oracle",
        switches=(("boot", "sneaker"), ("dress", "t-shirt")),
    ),
    World(
        generator="avatar-generator-r00",
        title="Avatars",
        about="A world with ground truth: the generator learnt from drawn faces whose factors are "
        "known, so a finding can be checked against what the artist did.",
        predictors=("avatar-regressor",),
        methods={"interfacegan": {"scorers": ["smile", "glasses", "hair_length", "yaw", "light"]}},
    ),
    World(
        generator="face-generator",
        title="Faces",
        about="A generator of natural faces, judged by landmarks and by a network that guesses "
        "age, gender and expression. What it says is what it says, not the truth about anyone.",
        predictors=("face-landmarks", "face-attributes"),
        methods={"interfacegan": {"scorers": ["smile"]}},
        samples=1024,
    ),
)
