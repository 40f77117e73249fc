"""Model folders on disk: card.json and model.safetensors."""

from pathlib import Path

import numpy as np
from torch import nn

from directrix.archive import model_digest, pack_arrays
from directrix.types import ModelCard

BUNDLED = Path(__file__).parent / "models"
"""The models that come with Directrix."""

BUILT = Path("build/models")
"""Those that are built on this machine and not committed, seen from the checkout."""


def write_model(folder: Path, card: ModelCard, arrays: dict[str, np.ndarray]) -> ModelCard:
    """Writes a model folder and returns the card with its digest."""
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(pack_arrays(arrays))
    (folder / "card.json").write_text(card.model_dump_json(indent=2) + "\n")
    return card


def arrays_of(network: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, float32 except for counters, which are left out."""
    return {
        name: tensor.detach().contiguous().numpy().copy()
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }
