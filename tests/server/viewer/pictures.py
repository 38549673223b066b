"""Pictures of each view in both themes, for the docs.

python -m tests.server.viewer.pictures     writes them to docs/pictures/ (`make pictures`)
"""

import io
import tempfile
from pathlib import Path

import anyio
from PIL import Image

from mail_archive_local import ArchiveFolder
from mail_archive_server.backends import open_access
from mail_archive_server.sample.fill import fill
from mail_archive_server.settings import Settings
from tests.conftest import ROOT
from tests.server.viewer.showing import View, running_browser, view_of

PICTURES = ROOT / "docs" / "pictures"
COLORS = 128


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with ArchiveFolder(Path(folder) / "sample", create=True) as opened:
            archive_id = fill(opened)
        access = open_access(Settings(local=Path(folder) / "sample", search_seconds=0))
        year = {"archive_id": archive_id, "from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}
        for theme in ("light", "dark"):
            async with running_browser() as browser, view_of(browser, access, year, theme=theme) as view:
                await view.loaded()
                await keep(view, f"table-{theme}")
                for tab, name in (("Timeline", "timeline"), ("Who to whom", "pairs")):
                    await view.click(view.frame.get_by_role("tab", name=tab))
                    await keep(view, f"{name}-{theme}")
                await view.click(view.frame.get_by_role("tab", name="Table"))
                await view.frame.get_by_role("searchbox").fill("bank details")
                await view.click(view.rows().last)
                await view.frame.locator(".findings").wait_for()
                await keep(view, f"message-{theme}")
                await view.frame.get_by_role("searchbox").fill("pressure gauges")
                await view.click(view.rows().first)
                await view.click(view.frame.get_by_role("tab", name="Conversation"))
                await view.frame.get_by_role("list", name="Conversation").wait_for()
                await keep(view, f"thread-{theme}")


async def keep(view: View, name: str) -> None:
    # The frame follows the page's height a moment later.
    await view.page.wait_for_timeout(300)
    shot = await view.page.locator("iframe").screenshot()
    image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLORS)
    image.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    anyio.run(main)
