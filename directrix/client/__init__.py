"""The typed client of the service: sync, async, without torch.

`Client` and `AsyncClient` return small frozen values (`directrix.client.values`) and values of
`directrix.types`, and raise the tree of `directrix.client.errors`.
"""

from directrix.client.async_client import AsyncClient
from directrix.client.client import TARGET, Client
from directrix.client.credentials import Credentials
from directrix.client.dialogues.recipes import Change
from directrix.client.errors import (
    AccessDenied,
    ApiError,
    Cancelled,
    Conflict,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    OperationCancelled,
    OperationFailed,
    Overloaded,
    PreconditionFailed,
    ServerFault,
    Unavailable,
    Violation,
)
from directrix.client.operation import AsyncOperationHandle, OperationHandle
from directrix.client.pictures import Picture, encode_png, png_with_recipe, read_recipe, recipe_json
from directrix.client.values import (
    Audited,
    Discovery,
    Edited,
    Explanation,
    ExplanationProgress,
    Figure,
    Filmstrip,
    Frame,
    Inversion,
    Job,
    LabelVerdict,
    Method,
    Model,
    Progress,
    Relied,
    StoredAudit,
    StoredFindings,
    StreamedEdit,
    TrainedEncoder,
)
from directrix.v1.values_pb2 import Recipe

__all__ = [name for name in dir() if name[0].isupper()] + [
    "encode_png",
    "png_with_recipe",
    "read_recipe",
    "recipe_json",
]
