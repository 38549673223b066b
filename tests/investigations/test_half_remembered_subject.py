"""A mail with a half remembered subject."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_mail_with_a_half_remembered_subject(scene: Scene) -> None:
    words = "mplayer"
    right = {each.message_id for each in scene.mails if words in each.subject.lower()}
    async with scene.ask("a mail with a half remembered subject") as asked:
        page = await asked.search(subject=[words])
        assert page["Complete"] and all(words in row["Subject"].lower() for row in page["Rows"])
        asked.is_answered(page["MessagesSoFar"], len(right))
