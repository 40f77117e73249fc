"""The `config` of a model card, as the code that reads it wants it."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from directrix.errors import ModelInvalid

Settings = TypeVar("Settings", bound="AdapterConfig")


class AdapterConfig(BaseModel):
    """The `config` of a model card as its adapter reads it: bounded, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def read_config(form: type[Settings], config: Mapping[str, object]) -> Settings:
    """Raises ModelInvalid, naming the first field that is wrong."""
    try:
        return form.model_validate(dict(config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(["config", *(str(part) for part in first["loc"])])
        raise ModelInvalid(f"the model card is wrong at {place}: {first['msg']}") from error
