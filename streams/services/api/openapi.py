"""The OpenAPI document: what FastAPI makes of the routes, with the bodies that routes read themselves."""

from collections.abc import Iterator, Mapping
from typing import Any, Union

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from streams.services.api.models import (
    PermissionsAsked,
    RightAsked,
    RightsCloseAsked,
    RightsExtensionAsked,
    SegmentPermissionsAsked,
    SegmentPreviewAsked,
)
from streams.services.api.problem_documents import MEDIA_TYPE, STATUS, Code, ProblemDocument

_ASKED: tuple[type[BaseModel], ...] = (
    *(PermissionsAsked, SegmentPermissionsAsked, SegmentPreviewAsked),
    *(RightAsked, RightsExtensionAsked, RightsCloseAsked),
)
"""Bodies that routes read themselves."""
Responses = dict[Union[int, str], dict[str, Any]]  # noqa: UP007 - FastAPI's own type
AS_OF = "Harmonia-As-Of"
AS_OF_HEADER = {AS_OF: {"description": "All that was known then is in it", "schema": {"type": "string"}}}
_REF = "#/components/schemas/{model}"


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that a route reads itself."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problems(*codes: Code) -> Responses:
    """OpenAPI responses for a route's errors, by status."""
    found: Responses = {}
    for code in codes:
        status, title = STATUS[code]
        content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
        found[status] = {"description": title, "content": content}
    return found


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for parameter in _parameters(made):
            _never_null(parameter["schema"])
        _, bodies = models_json_schema([(model, "validation") for model in _ASKED], ref_template=_REF)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(bodies["$defs"])
        schemas["ProblemDocument"] = _problem_document()
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        app.openapi_schema = made
    return app.openapi_schema


def _parameters(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())


def _never_null(schema: dict[str, Any]) -> None:
    """Take null out of what a part of a URL may be: it can be left out, and whatever is written there is a text."""
    if "anyOf" in schema:
        [kind] = [each for each in schema.pop("anyOf") if each != {"type": "null"}]
        schema |= kind


def _problem_document() -> dict[str, Any]:
    schema = TypeAdapter(ProblemDocument).json_schema(ref_template=_REF)
    mistake = schema.pop("$defs", {}).get("Mistake", {})
    schema["properties"]["mistakes"]["items"] = mistake
    return schema
