"""A demonstration with retrained models runs beside what an older one has registered."""

import shutil
from pathlib import Path

from directrix.client import Client
from directrix.demo.subjects import register
from directrix.generators import dcgan
from directrix.zoo.model_folder import BUNDLED, write_model

CONFIG = {"z_dim": 4, "widths": [4], "image_channels": 1}
NAME = "fashion-generator"


def test_a_retrained_model_gets_a_name_of_its_own(endpoint: str, tmp_path: Path) -> None:
    """The bundled one takes the plain name first: other tests on this system rely on it."""
    for name in (NAME, "fashion-classifier"):
        shutil.copytree(BUNDLED / name, tmp_path / name)
    found = []
    with Client(endpoint) as client:
        (subject,) = register(client, [tmp_path])
        assert subject.generator.id == NAME
        for seed in (0, 1, 1):
            arrays = dcgan.random_arrays(CONFIG, seed)
            card = write_model(tmp_path / NAME, dcgan.card(CONFIG, NAME), arrays)
            (subject,) = register(client, [tmp_path])
            assert subject.generator.digest == card.digest
            assert [model.id for model in subject.predictors] == ["fashion-classifier"]
            found.append(subject.generator)
        listed = {model.id: model.digest for model in client.models()}
    assert [model.id for model in found] == [f"{NAME}-{model.digest[:8]}" for model in found]
    assert found[1] == found[2]
    assert all(listed[model.id] == model.digest for model in found)
