"""A local archive served within this process: clients of boto3 that call it instead of AWS."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_local.context import SEARCH_SECONDS, Local
from mail_archive_local.operations.retention import delete_what_is_older
from mail_archive_local.storage.store import Store

if TYPE_CHECKING:
    from mail_archive_local.doors.bridge import LinkListener
    from mail_archive_local.exporting.exporter import Exporter


class InProcess:
    """An open folder, served to clients of boto3 in this process. Download links lead to a port of this machine, which
    is opened when the first is handed out."""

    def __init__(
        self,
        store: Store,
        *,
        search_seconds: float = SEARCH_SECONDS,
        export_folder: Path | None = None,
        s3_endpoint_url: str | None = None,
    ) -> None:
        """Mail that is older than its archive keeps it is deleted, and exports that have not ended go on."""
        store.warn_if_exposed()
        self._listener: LinkListener | None = None
        self._lock = threading.Lock()
        self._export_folder, self._s3_endpoint_url = export_folder, s3_endpoint_url
        self._local = Local(
            store,
            self._link_base,
            search_seconds=search_seconds,
            exporter=self._exporter(),
        )
        delete_what_is_older(self._local)
        self._local.go_on()

    def attach(self, client: Any) -> None:
        """Let every request of this client, of Mail Manager or STS, be answered here. It has to have the keys of a user
        of the folder."""
        # Imported here: a server that only lists its tools calls nothing, and needs no SDK.
        from mail_archive_local.doors.bridge import attach

        attach(client, self._local)

    def s3(self) -> Any:
        """A client of S3 with which a destination of exports can be looked at; None where they go nowhere."""
        from mail_archive_local.exporting.places import client_of_places

        return client_of_places(self._export_folder, self._s3_endpoint_url)

    def _exporter(self) -> "Exporter | None":
        """Who delivers exports; None where they go nowhere."""
        if self._export_folder is None and self._s3_endpoint_url is None:
            return None

        # Imported here: most servers export nothing.
        from mail_archive_local.exporting.places import exporter_to

        return exporter_to(self._export_folder, self._s3_endpoint_url)

    def link_base(self) -> str:
        """The URL that download links begin with; "" while none was handed out."""
        if self._listener is None:
            return ""
        return self._link_base()

    def _link_base(self) -> str:
        from mail_archive_local.doors.bridge import LinkListener

        with self._lock:
            if self._listener is None:
                self._listener = LinkListener()
                self._listener.serves(self._local)
        return self._listener.base()
