"""What a request costs its project, in images: what the limit of images a minute counts."""

from google.protobuf.message import Message

from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation

SEARCH_IMAGES = 32
"""What an inversion or an explanation counts as: it draws hundreds, but smaller batches of them
wait for others."""


def images_of(request: Message) -> int:
    """Jobs count as jobs, not as images."""
    match request:
        case editing.EditImageRequest():
            return _recipe(request.recipe)
        case editing.RenderFilmstripRequest():
            return len(request.alphas) + _recipe(request.recipe) - 1
        case (
            editing.InvertImageRequest()
            | explanation.ExplainImageRequest()
            | explanation.StreamExplanationRequest()
        ):
            return SEARCH_IMAGES
        case _:
            return 0


def _recipe(recipe: Message) -> int:
    """One that starts from a picture is inverted first."""
    return SEARCH_IMAGES if recipe.HasField("image") else 1
