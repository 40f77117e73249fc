"""The cache: bounded, by digest, one renderer a combination."""

import pytest
import torch

from directrix.errors import FindingSetNotFound, ModelNotFound
from services.artifacts.catalogue import Catalogue
from services.artifacts.folder import FolderStore
from services.serving.models import Models, Recent
from tests.contract.inference_world import World, build_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("store"))


class CountingCatalogue(Catalogue):
    """Remembers which models were read."""

    def __init__(self, world: World):
        super().__init__(FolderStore(world.folder))
        self.read: list[str] = []

    def model_files(self, digest: str) -> tuple[bytes, bytes]:
        self.read.append(digest)
        return super().model_files(digest)


def test_a_model_is_read_once(world):
    catalogue = CountingCatalogue(world)
    models = Models(catalogue, torch.device("cpu"), 4)
    renderer = models.renderer(world.generator, (world.judge,))
    assert models.renderer(world.generator, (world.judge,)) is renderer
    assert models.renderer(world.generator, ()).generator is renderer.generator
    assert catalogue.read == [world.judge, world.generator]


def test_what_leaves_the_cache_takes_its_renderers_along(world):
    catalogue = CountingCatalogue(world)
    models = Models(catalogue, torch.device("cpu"), 1)
    models.renderer(world.generator, ())
    models.renderer(world.other, ())
    assert models.ready_renderer(world.generator, ()) is None
    assert models.ready_renderer(world.other, ()) is not None
    models.renderer(world.generator, ())
    assert catalogue.read == [world.generator, world.other, world.generator]


def test_what_one_project_has_loaded_another_is_not_given(world):
    models = Models(CountingCatalogue(world), torch.device("cpu"), 4)
    findings = models.of("default").finding_set(world.findings)
    assert models.of("default").finding_set(world.findings) is findings
    models.of("default").renderer(world.generator, (world.judge,))
    stranger = models.of("stranger")
    assert stranger.ready_renderer(world.generator, (world.judge,)) is None
    with pytest.raises(ModelNotFound):
        stranger.renderer(world.generator, ())
    with pytest.raises(ModelNotFound):
        stranger.predictor(world.judge)
    with pytest.raises(FindingSetNotFound):
        stranger.finding_set(world.findings)


@pytest.mark.parametrize("name", ["0" * 64, "", "../x", "projects/default/models/toy", "A" * 64])
def test_what_is_no_digest_of_a_model_is_not_found(world, name):
    models = Models(CountingCatalogue(world), torch.device("cpu"), 1)
    with pytest.raises(ModelNotFound):
        models.generator(name)
    with pytest.raises(ModelNotFound):
        models.predictor(name)
    with pytest.raises(FindingSetNotFound):
        models.finding_set(name)


def test_kinds_are_not_mixed_up(world):
    models = Models(CountingCatalogue(world), torch.device("cpu"), 1)
    with pytest.raises(ModelNotFound):
        models.generator(world.judge)
    with pytest.raises(ModelNotFound):
        models.predictor(world.generator)


def test_the_oldest_is_forgotten_first():
    recent: Recent[str, int] = Recent(2)
    for key in "ab":
        recent.put(key, ord(key))
    recent.get("a")
    recent.put("c", 99)
    assert ("a" in recent, "b" in recent, "c" in recent) == (True, False, True)
    recent.keep(lambda key: key != "a")
    assert recent.get("a") is None
    assert recent.get("c") == 99
