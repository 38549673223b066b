"""How many mails a month came from a domain."""

from collections import Counter
from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_mails_a_month_from_a_domain(scene: Scene) -> None:
    domain = "freshrpms.net"
    right = Counter(
        f"{parsedate_to_datetime(str(each.parsed['Received']).rpartition(';')[2]).astimezone(UTC):%Y-%m}"
        for each in scene.mails
        if any(address.endswith(domain) for address in each.addresses("from"))
    )
    async with scene.ask("mails a month from a domain") as asked:
        summary = await asked.summarize(sender=[domain], group_by=["month"])
        asked.is_answered(groups(summary), dict(right))
