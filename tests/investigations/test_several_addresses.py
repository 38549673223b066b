"""One person under several addresses."""

from collections import Counter
from email.utils import getaddresses

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_one_person_under_several_addresses(scene: Scene) -> None:
    name = "David Neary"
    right = Counter(
        address.lower()
        for each in scene.mails
        for shown, address in getaddresses(map(str, each.parsed.get_all("from", [])))
        if shown == name
    )
    async with scene.ask("one person under several addresses") as asked:
        summary = await asked.summarize(sender=[name], group_by=["sender"])
        assert summary["Complete"] and len(right) == 2
        asked.is_answered(groups(summary), dict(right))
