"""An answer that is not whole, as botocore is to take it. Loads botocore."""

from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ConnectionError

_SAFE = ("Get", "List", "Assume")
"""What operations begin with that change nothing, so that they may be made again."""


class CutAnswer(ConnectionError):  # type: ignore[misc]  # botocore has no types
    """A fault of the connection, in the eyes of botocore: each of its ways to retry makes such a call again."""

    fmt = "The answer to {operation} is not whole: {why}."


class CutAnswerOfChange(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """The same, of a call that may have been done and that is not to be done twice: nothing makes it again."""

    fmt = "The answer to {operation} is not whole: {why}."


NotWhole: TypeAlias = CutAnswer | CutAnswerOfChange


def not_whole(operation: str, why: str) -> NotWhole:
    """What to raise for the answer to an operation."""
    kind = CutAnswer if operation.startswith(_SAFE) else CutAnswerOfChange
    return kind(operation=operation, why=why)
