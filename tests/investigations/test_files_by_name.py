"""Which messages carry files of a kind, by their names."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_which_messages_carry_pictures_by_name(scene: Scene) -> None:
    ends = (".gif", ".jpg", ".asc", ".html")
    right = {each.message_id for each in scene.mails if any(name.lower().endswith(ends) for name in each.file_names)}
    async with scene.ask("which carry files of a kind") as asked:
        patterns = [f"*{end}" for end in ends]
        page = await asked.search(filter_here={"attachment_name": patterns}, limit=50, deduplicate=False)
        assert page["Complete"] and right
        asked.is_answered(page["MessagesSoFar"], len(right), by="messages")
