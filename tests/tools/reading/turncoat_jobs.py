"""The jobs of workers that one mail can take over: from then on they tell something else. Imported by such workers."""

from typing import Any

from mail_archive_tools.reading import jobs

_EVIL, _TRUE, _FALSE = b"take this reader over", "right.example", "wrong.example"
_taken_over: list[bytes] = []


def message(raw: bytes, context: dict[str, Any]) -> Any:
    told = jobs.message(raw, context)
    if _taken_over:
        told["languages"] = [_FALSE]
    if _EVIL in raw:
        _taken_over.append(raw)
    return told


JOBS = {**jobs.JOBS, "message": message}
