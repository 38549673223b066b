"""Delivers exports, in a thread of its own: one process of those that use a folder at a time.

Everything that is known of an export is in the folder's database, so that a process that begins where another was
killed goes on with it: objects that were delivered twice are the same objects.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mail_archive_local.context import Local
from mail_archive_local.exporting.delivery import Delivery, DeliveryFailed
from mail_archive_local.operations.exports import MAX_MESSAGES
from mail_archive_local.operations.searches import query_of
from mail_archive_local.storage.alone import alone
from mail_archive_local.storage.export_records import ExportRecord
from mail_archive_local.storage.failures import MessageDamaged, StoreBusy, StoreError
from mail_archive_tools.service.buckets import Location

CHUNK_MESSAGES = 50
"""Messages between two looks at whether the export is still wanted; so many may be delivered twice after a kill."""
LOCK = "exporting.lock"
"""Whoever holds it delivers. Where the folder cannot be written, exports are this process's own."""

_RETRY_SECONDS = 0.2


class Exporter:
    """Delivers the exports of local archives. `connect` makes the delivery when there is something to deliver; `report`
    hears of each step, by its name, before it is done."""

    def __init__(
        self,
        connect: Callable[[], Delivery],
        report: Callable[[str], None] = lambda step: None,
        chunk_messages: int = CHUNK_MESSAGES,
    ) -> None:
        self._connect = connect
        self._report = report
        self._chunk_messages = chunk_messages
        self._lock = threading.Lock()
        self._wanted = False
        self._is_running = False

    def wake(self, local: Local) -> None:
        """Have what is to be delivered delivered, by a thread."""
        with self._lock:
            self._wanted = True
            if self._is_running:
                return
            self._is_running = True

        threading.Thread(target=self._run_while_wanted, args=(local,), name="exports", daemon=True).start()

    @cached_property
    def delivery(self) -> Delivery:
        return self._connect()

    def run(self, local: Local) -> None:
        """Deliver all that is to be delivered, or wait until another process has."""
        while local.exports.unfinished():
            lock: AbstractContextManager[bool] = nullcontext(True)
            if local.store.can_be_written:
                lock = alone(local.store.folder / LOCK)

            with lock as is_alone:
                if is_alone:
                    for export in local.exports.unfinished():
                        self._deliver(local, export)

            if not is_alone:
                time.sleep(_RETRY_SECONDS)

    def _run_while_wanted(self, local: Local) -> None:
        while self._is_wanted():
            try:
                self.run(local)
            except StoreBusy:
                # Somebody writes for long: the exports are still in the folder.
                time.sleep(_RETRY_SECONDS)
                with self._lock:
                    self._wanted = True
            except StoreError as error:
                # Whoever opens the folder next goes on with them.
                logging.getLogger(__name__).warning("Exports are not delivered: %s", error)
            except RuntimeError:
                # While Python is ending, it starts no threads any more.
                if not threading.main_thread().is_alive():
                    return
                self._is_running = False
                raise

    def _is_wanted(self) -> bool:
        """Whether there is more to do; else the thread ends, and the next one to wake this starts another."""
        with self._lock:
            wanted, self._wanted = self._wanted, False
            self._is_running = wanted
            return wanted

    def _deliver(self, local: Local, export: ExportRecord) -> None:
        request = json.loads(export.request)
        location = Location.of(request["ExportDestinationConfiguration"]["S3"]["S3Location"])
        with_metadata = bool(request.get("IncludeMetadata"))

        try:
            if export.state != "PROCESSING":
                self._prepare(local, export, location, _selection(request))
            self._deliver_messages(local, local.exports.reread(export), location, with_metadata)
        except DeliveryFailed as error:
            local.exports.end(export, "FAILED", local.clock(), f"{error}.")

        self._report("ended")
        with suppress(DeliveryFailed):
            self.delivery.end(location)

    def _prepare(self, local: Local, export: ExportRecord, location: Location, request: dict[str, Any]) -> None:
        self._report("prepare")
        local.exports.prepare(export)

        self._report("check")
        self.delivery.check(location)

        self._report("select")
        limit = request.get("MaxResults", MAX_MESSAGES)
        keys = local.store.find(query_of(export.archive, request), limit)

        # What was found is kept: mail that comes while it is delivered is no part of it.
        self._report("begin")
        local.exports.begin(export, keys)

    def _deliver_messages(self, local: Local, export: ExportRecord, location: Location, metadata: bool) -> None:
        with ThreadPoolExecutor(self.delivery.at_once) as pool:
            while export.state == "PROCESSING":
                if export.stop_asked is not None:
                    local.exports.end(export, "CANCELLED", local.clock())
                    return

                _refuse_deleted(local, export)
                keys = local.exports.next_keys(export, self._chunk_messages)
                if not keys:
                    self._report("complete")
                    local.exports.end(export, "COMPLETED", local.clock())
                    return

                objects = [each for key in keys for each in _objects(local, key, metadata)]
                # Taken as they end: the first that fails ends the export.
                list(pool.map(lambda each: self._put(location, *each), objects))

                self._report("advance")
                export = local.exports.advance(export, export.delivered + len(keys))

    def _put(self, location: Location, name: str, body: bytes) -> None:
        self._report(f"put {name}")
        self.delivery.put(location, name, body)


def _selection(request: dict[str, Any]) -> dict[str, Any]:
    """What was asked, with its times as the API has them."""
    times = {}
    for name in ("FromTimestamp", "ToTimestamp"):
        times[name] = datetime.fromtimestamp(request[name], UTC)
    return request | times


def _objects(local: Local, key: int, metadata: bool) -> list[tuple[str, bytes]]:
    """The objects of a message: its bytes and, where that is asked for, what is known beside them."""
    message = local.store.message_with_key(key)
    try:
        raw = local.store.raw_message(key)
    except MessageDamaged as error:
        raise DeliveryFailed(str(error).removesuffix(".")) from error

    # It may have been deleted for its age since it was found.
    if message is None or raw is None:
        return []

    name = message.archived_message_id
    objects = [(f"{name}.eml", raw)]
    if metadata:
        beside = {"ArchivedMessageId": name, **json.loads(message.metadata)}
        objects.append((f"{name}.json", json.dumps(beside, ensure_ascii=False).encode()))
    return objects


def _refuse_deleted(local: Local, export: ExportRecord) -> None:
    archive = local.store.archive_numbered(export.archive)
    if archive is None or archive.state != "ACTIVE":
        raise DeliveryFailed("The archive was deleted")
