"""Workers of the tests: what a mail that takes its worker over might do, done for real."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from mail_archive_tools.sandbox.pool import Sandbox
from mail_archive_tools.sandbox.starting.sharing import Share
from tests.conftest import ROOT

PATIENT_SECONDS = 30.0
"""How long a job may take where that is not what a test is about, on a machine that is busy."""


@pytest.fixture(scope="session")
def hostile_template() -> Iterator[None]:
    """What workers are copied from is started once, by a process that has a secret among its variables."""
    with closing(Share("tests.tools.sandbox.hostile_jobs", PATIENT_SECONDS)) as held:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
            patch.syspath_prepend(str(ROOT))
            held.start(True).end()
        yield


def workers_of(name: str, monkeypatch: pytest.MonkeyPatch, seconds: float = PATIENT_SECONDS) -> Iterator[Sandbox]:
    monkeypatch.syspath_prepend(str(ROOT))
    made = Sandbox(f"tests.tools.sandbox.{name}", seconds=seconds)
    yield made
    made.close()


@pytest.fixture
def sandbox(hostile_template: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    yield from workers_of("hostile_jobs", monkeypatch)


@pytest.fixture
def picky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Workers that cannot live with the few system calls that are allowed."""
    yield from workers_of("picky_jobs", monkeypatch)
