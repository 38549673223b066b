"""How a long call tells what it is doing."""

from collections.abc import Awaitable, Callable

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""Told how far a long call is: what is done, of how much (None: unknown), and a sentence."""


async def silent(done: float, total: float | None, sentence: str) -> None:
    """The progress that nobody watches."""
