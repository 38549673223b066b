"""Values cut to what an answer has room for. What is cut ends with an ellipsis; the message itself has it whole."""

from typing import Any, TypeVar

from pydantic import BaseModel

from mail_archive_tools.untrusted import shorten

SINGLE_VALUE_BYTES = 1_000
"""The most that one value takes, in bytes of UTF-8."""
LIST_VALUE_BYTES = 500
"""The same of a value in a list."""
LIST_ITEMS = 20

CUT = "Long values are cut (…); the message itself has them whole."

_Model = TypeVar("_Model", bound=BaseModel)


def fitted(model: _Model) -> _Model:
    """`model` with every string and list in it cut to the limits above."""
    return model.model_copy(update={name: _fitted(value) for name, value in model})


def _fitted(value: Any) -> Any:
    if isinstance(value, str):
        return shorten(value, SINGLE_VALUE_BYTES)
    if isinstance(value, BaseModel):
        return fitted(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _fitted_texts(value)
    return value


def _fitted_texts(values: list[str]) -> list[str]:
    kept = [shorten(each, LIST_VALUE_BYTES) for each in values[:LIST_ITEMS]]
    left_out = len(values) - len(kept)
    if left_out:
        kept.append(f"… and {left_out} more")
    return kept
