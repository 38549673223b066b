"""What the tests of one folder share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can go to and write to. Those of pytest are closed again by each run that begins."""
    with tempfile.TemporaryDirectory(prefix="mail-archive-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
