"""What the SDK reads from its own files (services, endpoints, defaults), read once for all sessions of a process.

botocore reads them anew for each session, which takes longer than all else that a session does: with a session for each
sign-in it would be paid again and again.
"""

import os
from functools import cache
from pathlib import Path

from botocore.loaders import Loader
from botocore.session import Session


def share_data(session: Session) -> None:
    """Have a new session use what others have read, as far as they look in the same folders (`data_path`)."""
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))


@cache
def _loader(data_path: str | None) -> Loader:
    folders: list[str] = []
    if data_path:
        # As botocore reads it.
        named = map(os.path.expandvars, data_path.split(os.pathsep))
        folders = [str(Path(each).expanduser()) for each in named]
    return _SharedLoader(extra_search_paths=folders)


class _SharedLoader(Loader):  # type: ignore[misc]  # botocore has no types
    @property
    def search_paths(self) -> list[str]:
        """A copy: each session of boto3 adds the folder of its resources, which nobody here asks for."""
        return list(super().search_paths)
