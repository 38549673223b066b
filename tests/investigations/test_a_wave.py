"""A wave of the same letter, by its words."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


WORDS = "next of kin"


async def test_a_wave_by_its_words(scene: Scene) -> None:
    right = sum(any(WORDS in " ".join(text.lower().split()) for text in each.texts) for each in scene.mails)
    async with scene.ask("a scam wave by its words") as asked:
        page = await asked.search(filter_here={"body": [WORDS]}, deduplicate="similar", limit=20)
        assert page["Complete"] and right
        asked.is_answered(page["RowsSoFar"], right, by="messages")
