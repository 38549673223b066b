"""Whose domain imitates a partner's, and where answers to it would go."""

from collections import Counter

import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.sample.year import messages
from mail_archive_server.settings import Settings
from tests.conftest import Sample
from tests.investigations.common import Investigation, groups, mail_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


KNOWN = "brightwell-optics.example"


def is_an_imitation(domain: str) -> bool:
    return len(domain) == len(KNOWN) and sum(a != b for a, b in zip(domain, KNOWN, strict=True)) == 1


async def test_who_imitates_a_partner(sample: Sample) -> None:
    domains = [address.rpartition("@")[2] for each in messages() for address in mail_of(each.raw).addresses("from")]
    right = Counter(filter(is_an_imitation, domains))
    access = open_access(Settings(local=sample.folder, search_seconds=0, known=(KNOWN,)))
    async with Client(build_server(lambda: access)) as client:
        asked = Investigation(client, sample.archive_id, "who imitates a partner")
        summary = await asked.summarize(filter_here={"finding": ["look"]}, group_by=["sender_domain"])
        assert summary["Complete"] and right
        asked.is_answered(groups(summary), dict(right), by="messages")
