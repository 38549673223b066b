"""What is read for one caller is read by workers of that caller, though all share what was read."""

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from mail_archive_server.backends import open_access
from mail_archive_server.hosting.callers import for_each_caller
from mail_archive_server.settings import Settings
from tests.conftest import Sample


def test_each_caller_has_workers_of_their_own(sample: Sample) -> None:
    access = open_access(Settings(local=sample.folder))
    of_caller = for_each_caller(lambda: access)
    readers = []
    for who in ("ana", "bob", "ana"):
        token = AccessToken(token="t", client_id=who, scopes=[], subject=who)
        reset = auth_context_var.set(AuthenticatedUser(token))
        readers.append(of_caller().reader.of(sample.archive_id))
        auth_context_var.reset(reset)

    ana, bob, again = readers
    assert ana.messages is bob.messages
    with ana.batch() as outer:
        with bob.batch() as other:
            assert other is not outer
        with again.batch() as same:
            assert same is outer
