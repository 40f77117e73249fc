"""Kubernetes' own schemas, strict, read once a kind and version (out of `kubernetes_validate`).

Its `validate` reads all definitions anew for every object: this does the same from memory.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema.validators import Draft202012Validator
from kubernetes_validate.utils import schema_contents
from referencing import Registry, Resource

VERSIONS = ("1.29", "1.33", "1.37")


def check_object(each: Mapping[str, Any], version: str) -> None:
    """Raises ValidationError of jsonschema, or FileNotFoundError for a kind that is not there."""
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", each["apiVersion"])
    _validator(f"{each['kind'].lower()}-{group}", version).validate(each)


@cache
def _validator(kind: str, version: str) -> Draft202012Validator:
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    schema = schema_contents(f"{folder}/{kind}.json", version)
    registry: Registry[Any] = Resource.from_contents(schema) @ Registry()
    return Draft202012Validator(schema, registry=_definitions(folder, version) @ registry)


@cache
def _definitions(folder: str, version: str) -> Any:
    return Resource.from_contents(schema_contents(f"{folder}/_definitions.json", version))
