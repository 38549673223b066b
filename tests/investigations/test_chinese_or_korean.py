"""Mail in Chinese or Korean."""

import html
import re

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


LETTERS = re.compile(r"[\u4e00-\u9fff\uac00-\ud7a3]")
TAGS = re.compile(r"<(?:style|script|!--).*?(?:</(?:style|script)>|-->)|<[^>]*>", re.DOTALL | re.IGNORECASE)
JAPANESE = re.compile(r"[\u3040-\u30ff]")


def is_in_it(text: str) -> bool:
    """By the share of its letters; tags have others."""
    text = html.unescape(TAGS.sub(" ", text))
    letters = sum(map(str.isalpha, text))
    return len(LETTERS.findall(text)) > 0.2 * letters and not JAPANESE.search(text)


async def test_mail_in_chinese_or_korean(scene: Scene) -> None:
    right = {each.message_id for each in scene.mails if any(map(is_in_it, each.texts))}
    async with scene.ask("mail in Chinese or Korean") as asked:
        page = await asked.search(filter_here={"language": ["zh*", "ko"]}, deduplicate="no", show=["language"])
        assert page["Complete"] and right
        asked.is_answered(page["RowsSoFar"], len(right), by="messages")
