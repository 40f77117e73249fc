import numpy as np
import torch

from directrix.archive import to_pixels
from directrix.rendering import pixels


def test_pixels_follow_the_rule_of_the_archive():
    edges = (np.arange(256) + 0.5) / 127.5 - 1
    random = np.random.default_rng(0).normal(0, 1, 4096 - 2 * 256)
    values = np.concatenate([edges, np.arange(256) / 127.5 - 1, random]).astype(np.float32)
    images = values.reshape(4, 1, 32, 32)
    made = pixels.to_pixels(torch.from_numpy(images))
    assert np.array_equal(made.numpy(), to_pixels(images))
    back = pixels.from_pixels(made)
    assert torch.equal(back[0, 0], made[0, :, :, 0].float() / 127.5 - 1)
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1)
    assert torch.equal(pixels.to_pixels(pixels.from_pixels(every)), every)
