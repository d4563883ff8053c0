"""Problem documents (RFC 9457), the API's errors. They name the field and the cure, and never repeat what was sent."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired

import orjson
from fastapi import Response
from typing_extensions import TypedDict

Code = Literal[
    "unauthorized",
    "forbidden",
    "not_found",
    "erased",
    "method_not_allowed",
    "slow",
    "too_large",
    "not_json",
    "invalid",
    "internal",
    "busy",
    "profiles_incomplete",
    "results_incomplete",
    "audit_unavailable",
    "reservations_unavailable",
    "insights_unavailable",
]
STATUS: Mapping[Code, tuple[int, str]] = {
    "unauthorized": (401, "Show a token that is known"),
    "forbidden": (403, "The token may not do this"),
    "not_found": (404, "Nothing is known under this name"),
    "erased": (410, "This person was forgotten"),
    "method_not_allowed": (405, "This method is not for this address"),
    "slow": (408, "The request took too long"),
    "too_large": (413, "The request is too large"),
    "not_json": (415, "Send JSON"),
    "invalid": (422, "The request is not as it should be"),
    "internal": (500, "Something went wrong here"),
    "busy": (503, "Too many are sending: send it again"),
    "profiles_incomplete": (503, "Redis does not hold all profiles: allow nobody"),
    "results_incomplete": (503, "Redis does not hold all results of experiments"),
    "audit_unavailable": (503, "The answer cannot be written down, so there is none: allow nobody"),
    "reservations_unavailable": (503, "Nothing can be reserved now: allow nobody"),
    "insights_unavailable": (503, "There is no answer now"),
}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
SERVER_AWAY = 503


class Mistake(TypedDict):
    """One thing that is wrong: where (`contacts[3].email`), and how to put it right."""

    field: str
    cure: str


class ProblemDocument(TypedDict):
    """An error. `code` is for programs."""

    type: str
    title: str
    status: int
    code: Code
    detail: str
    mistakes: NotRequired[list[Mistake]]


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, code: Code, detail: str, mistakes: Sequence[Mistake] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.mistakes = mistakes
        self.headers = headers

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code][0]

    def response(self) -> Response:
        """The document."""
        status, title = STATUS[self.code]
        document: ProblemDocument = {
            "type": f"urn:harmonia:problem:{self.code}",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.mistakes:
            document["mistakes"] = list(self.mistakes)
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == SERVER_AWAY else {}
        return Response(orjson.dumps(document), status, {**headers, **(self.headers or {})}, MEDIA_TYPE)
