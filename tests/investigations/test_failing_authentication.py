"""Mail that failed a check of its sender."""

import re

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_mail_that_failed_spf(scene: Scene) -> None:
    failed = re.compile(r"\bspf=fail", re.IGNORECASE)
    right = sum(
        any(failed.search(str(value)) for value in each.parsed.get_all("authentication-results", []))
        for each in scene.reports
    )
    async with scene.ask("failing DMARC or SPF") as asked:
        page = await asked.search(
            archive_id=scene.reports_id, filter_here={"authentication": ["spf=fail*"]}, deduplicate="no", limit=20
        )
        assert page["Complete"] and right
        asked.is_answered(page["RowsSoFar"], right, by="messages")
