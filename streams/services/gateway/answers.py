"""Responses of the gateway: a status that vendors read as "taken", "send again" or "never", and a problem document."""

from typing import Literal

import orjson
from fastapi import Response

from streams.services.api.bodies import CURES as UNREAD
from streams.services.api.bodies import MOST_BYTES, BodyProblem
from streams.services.gateway.signatures import Verdict

Code = Literal[
    "unknown_hook",
    "unproven",
    "too_large",
    "unavailable",
    "not_events",
    "invalid",
    "forbidden",
    "method",
    "encoded",
    "slow",
]
RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"
_STATUS: dict[Code, tuple[int, str]] = {
    "unknown_hook": (404, "There is no such hook"),
    "unproven": (401, "It is not proven where this is from"),
    "forbidden": (403, "The token may not do this"),
    "method": (405, "This method is not for this address"),
    "slow": (408, "The request took too long"),
    "encoded": (415, "Send the body as it is"),
    "too_large": (413, "The request is too large"),
    "not_events": (415, "Send CloudEvents"),
    "invalid": (422, "No event of the request can be taken"),
    "unavailable": (503, "Kafka does not have it: send it again"),
}
CURES: dict[Verdict, str] = {
    "right": "",
    "missing": "Send the signature or the login that this hook wants; see docs/gateway.md",
    "wrong": "The signature or login is not of a secret that is valid now",
    "stale": "The signature is too old, or a clock is wrong",
    "used": "The signature has come with another body before",
}


def accepted_response() -> Response:
    """The response once Kafka has all of a request."""
    return Response(status_code=204)


def unread_response(why: BodyProblem, most: int = MOST_BYTES) -> Response:
    """The response where the body could not be read. `most`: bytes that it might have had."""
    cure = f"Send {most >> 10} KiB at most" if why == "too_large" and most < MOST_BYTES else UNREAD[why]
    return problem_response("unavailable" if why == "busy" else why, cure)


def problem_response(code: Code, detail: str, **more: object) -> Response:
    """A problem document (RFC 9457)."""
    status, title = _STATUS[code]
    document = {
        "type": f"urn:harmonia:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    headers = {"Retry-After": str(RETRY_AFTER_S)} if code == "unavailable" else {}
    if code == "unproven":
        headers["WWW-Authenticate"] = 'Basic realm="harmonia"'
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)
