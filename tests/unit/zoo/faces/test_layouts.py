"""The originals' layouts -> Directrix's: names and shapes are the networks' own, values fit."""

import numpy as np
import pytest
import torch

from directrix.generators import dcgan
from directrix.networks import load
from directrix.predictors import face_attributes, face_identity, face_landmarks
from directrix.zoo.faces import cards, layouts

CPU = torch.device("cpu")
WIDTHS = (32, 64, 128, 256)


class Source(dict):
    """Weights in TensorFlow's layout with random values."""

    def __init__(self) -> None:
        super().__init__()
        self._chance = np.random.Generator(np.random.Philox(1))

    def put(self, name: str, *shape: int) -> None:
        self[name] = self._chance.standard_normal(shape).astype(np.float32)

    def conv(self, name: str, window: int, inputs: int, outputs: int) -> None:
        self.put(f"{name}/filters", window, window, inputs, outputs)
        self.put(f"{name}/bias", outputs)

    def separable(self, name: str, inputs: int, outputs: int) -> None:
        self.put(f"{name}/depthwise_filter", 3, 3, inputs, 1)
        self.put(f"{name}/pointwise_filter", 1, 1, inputs, outputs)
        self.put(f"{name}/bias", outputs)

    def linear(self, name: str, inputs: int, outputs: int) -> None:
        self.put(f"{name}/weights", inputs, outputs)
        self.put(f"{name}/bias", outputs)

    def scaled(self, name: str, window: int, inputs: int, outputs: int) -> None:
        self.conv(f"{name}/conv", window, inputs, outputs)
        self.put(f"{name}/scale/weights", outputs)
        self.put(f"{name}/scale/biases", outputs)


def dense(outputs: int) -> Source:
    source = Source()
    source.conv("dense0/conv0", 3, 3, 32)
    for i, width in enumerate(WIDTHS):
        for j in range(1 if i == 0 else 0, 4):
            source.separable(f"dense{i}/conv{j}", WIDTHS[i - 1] if j == 0 else width, width)
    source.linear("fc", 256, outputs)
    return source


def xception() -> Source:
    source = Source()
    source.conv("entry_flow/conv_in", 3, 3, 32)
    blocks = ("entry_flow/reduction_block_0", "entry_flow/reduction_block_1")
    for block, a in zip([*blocks, "exit_flow/reduction_block"], (32, 64, 128), strict=True):
        source.separable(f"{block}/separable_conv0", a, 2 * a)
        source.separable(f"{block}/separable_conv1", 2 * a, 2 * a)
        source.conv(f"{block}/expansion_conv", 1, a, 2 * a)
    for i in range(2):
        for j in range(3):
            source.separable(f"middle_flow/main_block_{i}/separable_conv{j}", 128, 128)
    source.separable("exit_flow/separable_conv", 256, 512)
    source.linear("fc/age", 512, 1)
    source.linear("fc/gender", 512, 2)
    return source


def recognition() -> Source:
    source = Source()
    source.scaled("conv32_down", 7, 3, 32)
    inputs = 32
    for width, count in zip(WIDTHS, (3, 3, 2, 2), strict=True):
        names = [f"conv{width}_{i + 1}" for i in range(count)]
        names = names if width == 32 else [f"conv{width}_down", *names]
        for name in names:
            source.scaled(f"{name}/conv1", 3, inputs, width)
            source.scaled(f"{name}/conv2", 3, width, width)
            inputs = width
    source.scaled("conv256_down_out/conv1", 3, 256, 256)
    source.scaled("conv256_down_out/conv2", 3, 256, 256)
    source.put("fc", 256, 128)
    return source


def test_landmarks_fill_their_network():
    source = dense(136)
    arrays = layouts.landmarks(source)
    config = face_landmarks.Config.model_validate(cards.landmarks().config)
    network = load(lambda: face_landmarks.LandmarkNetwork(config), arrays, CPU)
    block = network.features.dense[2].conv0
    old = source["dense2/conv0/depthwise_filter"]
    assert block.depthwise.weight[5, 0, 1, 2] == old[1, 2, 5, 0]
    old = source["dense2/conv0/pointwise_filter"]
    assert block.pointwise.weight[7, 5, 0, 0] == old[0, 0, 5, 7]
    assert network.points.weight[3, 4] == source["fc/weights"][4, 3]


def test_attributes_fill_their_network():
    age_gender, expression = xception(), dense(7)
    arrays = layouts.attributes(age_gender, expression)
    config = face_attributes.Config.model_validate(cards.attributes().config)
    network = load(lambda: face_attributes.AttributeNetwork(config), arrays, CPU)
    old = age_gender["exit_flow/reduction_block/expansion_conv/filters"]
    assert network.body.reduction_2.around.conv.weight[200, 100, 0, 0] == old[0, 0, 100, 200]
    assert network.gender.weight[1, 4] == age_gender["fc/gender/weights"][4, 1]
    assert network.expression.bias[6] == expression["fc/bias"][6]


def test_scales_of_the_descriptor_are_folded_into_the_convolutions():
    """scale * (conv(x) + bias) + offset."""
    source = recognition()
    arrays = layouts.identity(source)
    config = face_identity.Config.model_validate(cards.identity().config)
    network = load(lambda: face_identity.IdentityNetwork(config, 128), arrays, CPU)
    x = torch.randn(1, 3, 9, 9, generator=torch.Generator().manual_seed(2))
    filters = torch.from_numpy(source["conv32_down/conv/filters"]).permute(3, 2, 0, 1)
    bias, scale, offset = (
        torch.from_numpy(source[f"conv32_down/{name}"])[:, None, None]
        for name in ("conv/bias", "scale/weights", "scale/biases")
    )
    plain = torch.nn.functional.conv2d(x, filters, stride=2)
    expected = scale * (plain + bias) + offset
    torch.testing.assert_close(network.first(x), expected, rtol=1e-4, atol=1e-4)


def test_the_generators_blocks_are_numbered_through():
    arrays = dcgan.random_arrays({"z_dim": 5, "widths": [8, 6], "image_channels": 3}, seed=1)
    source = {"main.6.weight": arrays["image.weight"]}
    for i in range(2):
        source[f"main.{3 * i}.weight"] = arrays[f"blocks.{i}.conv.weight"]
        for part in ("weight", "bias", "running_mean", "running_var"):
            source[f"main.{3 * i + 1}.{part}"] = arrays[f"blocks.{i}.norm.{part}"]
    made = layouts.generator(source)
    assert made.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(made[name], array)


@pytest.mark.parametrize("card", [cards.landmarks(), cards.attributes(), cards.identity()])
def test_cards_name_licence_data_and_where_they_come_from(card):
    assert card.licence == "MIT (npm @vladmandic/face-api 1.7.15)"
    assert card.notes.startswith("Made by 'make models-faces'.")
    assert card.training_data


def test_cards_say_what_age_and_gender_are_not_and_what_the_generators_data_allows():
    assert "not anyone's gender" in cards.attributes().notes
    assert "non-commercial research only" in cards.generator().licence
