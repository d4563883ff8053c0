"""The body of a request, read no further than it may be long."""

from fastapi import Request

MOST_BYTES = 8 << 20
TOO_LARGE = f"At most {MOST_BYTES >> 20} MiB"


async def body_of(request: Request) -> bytes | None:
    """All of it; None as soon as it is too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MOST_BYTES:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)
