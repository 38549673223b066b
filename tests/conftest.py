"""What tests stand on: local archives, real servers and clients, the corpus of real mail where it is present."""

import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from mcp.server import MCPServer

from mail_archive_local import ArchiveFolder
from mail_archive_local.context import Local
from mail_archive_local.doors.bridge import LinkListener, attach
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.sample.fill import fill
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.catalog import CATALOG
from mail_archive_tools.sandbox.pool import SECONDS
from mail_archive_tools.sandbox.starting.sharing import Share
from tests import copies, thrift
from tests.pace import HANGS

if TYPE_CHECKING:
    from tests.folder import Folder

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"

os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
for name in [each for each in os.environ if each.startswith(("MAIL_ARCHIVE_", "AWS_ACCESS", "AWS_SE", "AWS_PROFILE"))]:
    del os.environ[name]

# What was compiled is kept, whatever this shell says: several processes collect these modules, and hundreds load ours.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Archives of tests are written, synced and thrown away a thousand times: in memory where there is room for that.
MEMORY = Path("/dev/shm")
IN_MEMORY_BYTES = 4 << 30
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > IN_MEMORY_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# What changes at random is looked for by those who work on the code; elsewhere a run says the same as the last one. How
# long an example may take is no matter of these tests: the machine may be busy with others.
PATIENT = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("random", PATIENT)
hypothesis.settings.register_profile("repeatable", PATIENT, derandomize=True)
hypothesis.settings.load_profile("repeatable" if os.environ.get("CI") else "random")

ERAS = ("auto", "legacy")
"""The modes of the SDK's client: the 2026-07-28 protocol, and the older ones with their handshake."""


def outside_the_fence(text: str) -> str:
    """What of an answer stands outside its one fence, whose marks have one number."""
    marks = re.findall(r"^\[\[(/?)MAIL-DATA ([0-9a-f]{16})\]\]$", text, re.MULTILINE)
    assert [end for end, _ in marks] == ["", "/"] and len({nonce for _, nonce in marks}) == 1, text
    return re.sub(r"(?s)^\[\[MAIL-DATA.*^\[\[/MAIL-DATA \w+\]\]$", "", text, flags=re.MULTILINE)


READING = tuple(entry for entry in CATALOG if entry.toolset == "read")
"""The tools that are offered unless others are asked for."""

READ_OF_CORPUS: dict[str, int] = {}
"""How many messages of each set of the corpus were read, for the summary."""

MEASURED: list[str] = []
"""What tests found out that is worth reading, a line each, for the summary."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of several processes begins with its part of the slow tests: one of them at the end would have the others
    wait. Those of a module stay together, for what they share."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [each for each in items if each.get_closest_marker("slow")]
    quick = [each for each in items if not each.get_closest_marker("slow")]

    ordered: list[pytest.Item] = []
    for process in range(processes):
        for some in (slow, quick):
            ordered += some[len(some) * process // processes : len(some) * (process + 1) // processes]
    items[:] = ordered


def pytest_configure(config: pytest.Config) -> None:
    """One process that has loaded everything serves all processes of a run, whose variables say where."""
    if copies.CAN_COPY and getattr(config.option, "numprocesses", None):
        copies.begin()


def pytest_collection_finish() -> None:
    thrift.look_for_garbage_seldom()
    thrift.check_each_schema_once()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process among several tells its parent."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told |= {"read": READ_OF_CORPUS, "measured": MEASURED}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {})
    READ_OF_CORPUS.update(told.get("read", {}))
    MEASURED.extend(told.get("measured", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in MEASURED:
        terminalreporter.write_line(line)
    if READ_OF_CORPUS:
        sets = ", ".join(f"{name} {count:,}" for name, count in READ_OF_CORPUS.items())
        terminalreporter.write_line(f"real messages read: {sum(READ_OF_CORPUS.values()):,} ({sets})")


@pytest.fixture(scope="session", autouse=True)
def template() -> Iterator[None]:
    """What workers are copied from is started once."""
    held = Share("mail_archive_tools.reading.jobs", SECONDS)
    with closing(held):
        held.start(True).end()
        yield


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real mail, which is no part of the project."""
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus of real mail at {CORPUS}: 0 messages read")
    return CORPUS


class Clock:
    """The local archive's clock, in the hands of a test. Starts at 2026-01-01T00:00:00Z."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class LocalApi:
    """A local archive with a boto3 client before it: what the API's own users see."""

    def __init__(self, store: Store, clock: Clock, search_seconds: float) -> None:
        import boto3

        self.store, self.clock = store, clock
        listener = LinkListener()
        self.local = Local(store, listener.base, search_seconds=search_seconds, link_seconds=60, clock=clock)
        listener.serves(self.local)
        self.client: Any = boto3.client(
            "mailmanager",
            region_name="us-east-1",
            aws_access_key_id=store.credentials.access_key_id,
            aws_secret_access_key=store.credentials.secret_access_key,
            endpoint_url="http://localhost",
        )
        attach(self.client, self.local)

    def code(self, operation: str, **members: Any) -> str:
        """The error code that an operation answers with; fails when it succeeds."""
        from botocore.exceptions import ClientError

        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**members)
        return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def api(tmp_path: Path, clock: Clock) -> Iterator[LocalApi]:
    """An empty local archive whose searches take ten seconds of its clock."""
    with Store(tmp_path / "archive", create=True) as store:
        yield LocalApi(store, clock, search_seconds=10)


class Sample:
    """The sample archive on disk, and the ids in it."""

    def __init__(self, folder: Path, archive_id: str) -> None:
        self.folder, self.archive_id = folder, archive_id


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample archive as it was made, for copies. No database is opened in it: when a file of one is copied and
    closed, this process loses its locks on it (POSIX), and another process may then damage what this one has open."""
    folder = tmp_path_factory.mktemp("pristine") / "archive"
    with ArchiveFolder(folder, create=True) as opened:
        archive_id = fill(opened)
    return Sample(folder, archive_id)


@pytest.fixture(scope="session")
def sample(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample archive, shared: searches may be added to it, nothing else changed."""
    folder = tmp_path_factory.mktemp("sample") / "archive"
    shutil.copytree(pristine.folder, folder)
    return Sample(folder, pristine.archive_id)


@pytest.fixture
def own_sample(pristine: Sample, tmp_path: Path) -> Sample:
    """A copy of the sample archive that a test may change."""
    folder = tmp_path / "sample"
    shutil.copytree(pristine.folder, folder)
    return Sample(folder, pristine.archive_id)


@pytest.fixture
def folder(tmp_path: Path) -> "Folder":
    """Two archives and, until a test writes some, no identities."""
    from tests.folder import make_folder

    return make_folder(tmp_path / "folder")


OpenAccess = Callable[..., Access]


@pytest.fixture
def access(sample: Sample) -> Access:
    """Access to the sample, as a program without a host has it."""
    return open_access(Settings(local=sample.folder, search_seconds=0))


@pytest.fixture
def server(access: Access) -> MCPServer[Any]:
    """The real server over the sample."""
    return build_server(lambda: access)


@contextmanager
def loopback(app: Any, **settings: Any) -> Iterator[str]:
    """An ASGI application on a loopback port, in a thread; gives its URL."""
    import socket

    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    usual: dict[str, Any] = {"log_level": "error", "access_log": False, "lifespan": "off"}
    served = uvicorn.Server(uvicorn.Config(app, **usual | settings))
    thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        served.should_exit = True
        thread.join(HANGS)
        listening.close()


def text_of(result: Any) -> str:
    """The text channel of a tool's result."""
    return "".join(block.text for block in result.content if block.type == "text")


def eml(**headers: str) -> bytes:
    """A small message with these headers (`message_id="..."` is Message-ID) and the body `body`."""
    body = headers.pop("body", "Hello\r\n")
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return ("".join(lines) + "\r\n" + body).encode()
