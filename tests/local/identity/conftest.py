"""Both doors of a local archive."""

from collections.abc import Iterator

import pytest

from tests.folder import Folder, on_a_port


@pytest.fixture(params=["in this process", "on a port"])
def door(request: pytest.FixtureRequest, folder: Folder) -> Iterator[str | None]:
    """None, and a URL."""
    if request.param == "in this process":
        yield None
    else:
        with on_a_port(folder) as url:
            yield url
