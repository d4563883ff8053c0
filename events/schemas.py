"""Makes the JSON Schemas of all events and output values, for users of other languages.

One file for each type of interaction (the whole structured CloudEvent) and for each output value. The committed copies
in `docs/schemas/` are held to this code by a test.
"""

from pathlib import Path

import orjson
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from events import asyncapi, deliveries, outputs, rights_requests, segments
from events.contact import HashedContact
from events.experiment_results import ExperimentResult
from events.experiments import ExperimentDefinition
from events.fields import MAX_ID, MAX_URL
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.registry import MODELS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OUTPUTS: dict[str, TypeAdapter[object]] = {
    "contact-state": TypeAdapter(outputs.ContactProfile),
    "contact-links": TypeAdapter(outputs.ContactLink),
    "contact-suppressions": TypeAdapter(outputs.Suppressions),
    "contact-alerts": TypeAdapter(outputs.Alert),
    "system-alerts": TypeAdapter(outputs.SystemAlert),
    "campaign-holds": TypeAdapter(outputs.CampaignHold),
    "campaign-transparency": TypeAdapter(outputs.CampaignTransparency),
    "rights-requests": TypeAdapter(
        rights_requests.RightsOpened
        | rights_requests.RightsExtended
        | rights_requests.RightsAnswered
        | rights_requests.RightsClosed
        | rights_requests.RightsCounted
    ),
    "audit-log": TypeAdapter(outputs.AuditRecord),
    "experiment-results": TypeAdapter(ExperimentResult),
    "experiment-definitions": TypeAdapter(ExperimentDefinition),
    "segment-definitions": TypeAdapter(segments.SegmentDefinitionTable),
    "contact-segments": TypeAdapter(segments.ContactSegments),
    "segment-changes": TypeAdapter(segments.SegmentChange),
    "segment-counts": TypeAdapter(segments.SegmentCount),
    "deliveries": TypeAdapter(
        deliveries.EndpointPosition
        | deliveries.EndpointStatus
        | deliveries.ReplayRequest
        | deliveries.ReplayProgress
        | deliveries.DeliveryOwner
    ),
    "delivery-log": TypeAdapter(deliveries.DeliveryLogEntry),
    "dead-deliveries": TypeAdapter(deliveries.DeadDelivery),
}
_ENVELOPE: dict[str, JSON] = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "minLength": 1, "maxLength": MAX_ID},
    "source": {"type": "string", "minLength": 1, "maxLength": MAX_ID},
    "time": {"type": "string", "format": "date-time"},
    "dataschema": {"type": ["string", "null"], "maxLength": MAX_URL},
}


class _Harmonised(InteractionData):
    """Any interaction, after intake: the fields of its type, and a contact without addresses."""

    contact: HashedContact = HashedContact()


class Contractual(GenerateJsonSchema):
    """A field that may be left out may be null as well; a key that breaks its pattern is an error.

    Titles that only repeat a field's name are left out.
    """

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = self.get_union_of_schemas([self.generate_inner(schema["schema"]), {"type": "null"}])
        default = schema.get("default")
        return written | {"default": default} if isinstance(default, str) else written

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        written = super().dict_schema(schema)
        return written | {"additionalProperties": False} if "patternProperties" in written else written

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def all_schemas() -> dict[str, JSON]:
    """JSON Schema (draft 2020-12) by file name: `email.sent.json` and so on, then `contact-state.json` and so on."""
    schemas: dict[str, JSON] = {
        f"{type_}.json": _event(type_, {"const": type_}, model) for type_, model in MODELS.items()
    }
    types: list[JSON] = [*MODELS]
    schemas["interactions.json"] = _event("interactions", {"enum": types}, _Harmonised)
    for name, adapter in _OUTPUTS.items():
        schemas[f"{name}.json"] = {"$schema": _DRAFT, **adapter.json_schema(schema_generator=Contractual)}
    return schemas


def export(directory: Path) -> list[Path]:
    """Write every schema, and the AsyncAPI document that names them, into a directory; the same bytes every time."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in (all_schemas() | {asyncapi.FILE: asyncapi.document()}).items():
        path = directory / name
        path.write_bytes(render(schema))
        written.append(path)
    return written


def render(schema: JSON) -> bytes:
    """The bytes of a schema's file."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _event(title: str, type_: JSON, model: type[InteractionData]) -> JSON:
    data = model.model_json_schema(schema_generator=Contractual)
    return {
        "$schema": _DRAFT,
        "title": title,
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {**_ENVELOPE, "type": type_, "data": data},
        "$defs": data.pop("$defs"),
    }
