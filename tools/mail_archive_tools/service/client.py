"""Mail Manager's archive operations, one async method each; the only file that calls them.

boto3 runs in worker threads, and is waited for no longer than the tool call has time. It is loaded when the first call
needs it.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, cast

from mail_archive_tools.calls.waiting import Waiting
from mail_archive_tools.errors import CredentialsRefused, OutOfScope, ServiceFailed
from mail_archive_tools.models.moments import in_utc
from mail_archive_tools.service import resources
from mail_archive_tools.service.once import never_twice, no_try_too_late
from mail_archive_tools.service.resources import Resource
from mail_archive_tools.service.retries import unthrottled
from mail_archive_tools.service.scope import Scope
from mail_archive_tools.service.shapes import Export, ResultRows, Row, Search
from mail_archive_tools.service.wire.lists import NOTES, with_lists


class MailManager:
    """One identity's client. Methods return the response's members; timestamps are aware datetimes.

    Every method raises an `ArchiveError` when the service refuses, fails or cannot be reached.
    """

    def __init__(self, connect: Callable[[], Any], scope: Scope | None = None) -> None:
        """`connect` makes a boto3 client of `mailmanager`; it is called in a worker thread, when first needed and
        again after the credentials were refused, so that renewed ones are taken up. With a `scope`, what is of other
        archives is refused here."""
        self._connect = connect
        self.scope = scope
        self._client: Any = None
        self._connecting = threading.Lock()
        self._waiting = Waiting()

    def warm_up(self) -> None:
        """Load boto3 and make the client, so that the first call need not; blocks. Whatever is wrong, that call
        will say."""
        from mail_archive_tools.service.refusals.translating import REFUSALS

        with suppress(*REFUSALS):
            self._connected()

    @property
    def region(self) -> str:
        """The Region whose archives these are; known once a call was made."""
        client = self._client
        if client is None:
            return ""
        return str(client.meta.region_name)

    async def list_archives(self, page_size: int, next_token: str | None = None) -> dict[str, Any]:
        """The archives; those of the scope, where there is one: a page may then have fewer than the service gave."""
        archives = resources.paged(resources.ARCHIVES, next_token)
        response = await self._call("ListArchives", archives, PageSize=page_size, NextToken=next_token)
        if self.scope is None:
            return response

        listed = response.get("Archives", [])
        response["Archives"] = [each for each in listed if each.get("ArchiveId") in self.scope.archive_ids]
        return response

    async def get_archive(self, archive_id: str) -> dict[str, Any]:
        self.refuse_archive(archive_id)
        return await self._call("GetArchive", resources.archive(archive_id), ArchiveId=archive_id)

    async def start_archive_search(
        self,
        archive_id: str,
        from_timestamp: datetime,
        to_timestamp: datetime,
        filters: dict[str, Any] | None,
        max_results: int,
    ) -> str:
        """Start a search; returns its SearchId. A cancelled call waits for it, since a search whose id nobody
        knows would hold the only slot."""
        self.refuse_archive(archive_id)
        response = await self._call(
            "StartArchiveSearch",
            resources.archive(archive_id),
            abandon=False,
            ArchiveId=archive_id,
            FromTimestamp=from_timestamp,
            ToTimestamp=to_timestamp,
            Filters=filters,
            MaxResults=max_results,
        )
        if "SearchId" not in response:
            raise ServiceFailed("Mail Manager started a search without saying its id. list_archive_searches shows it.")

        search_id = str(response["SearchId"])
        if self.scope is not None:
            self.scope.note_search(search_id)
        return search_id

    async def get_archive_search(self, search_id: str) -> Search:
        response = await self._call("GetArchiveSearch", resources.search(search_id), SearchId=search_id)
        if self.scope is not None:
            self.scope.refuse_archive(str(response.get("ArchiveId", "")), f"search {search_id}")
            self.scope.note_search(search_id)
        return cast(Search, response)

    async def get_archive_search_results(self, search_id: str) -> ResultRows:
        """The rows of a completed search, all of them but those that say of no message."""
        await self._refuse_search(search_id)
        response = await self._call("GetArchiveSearchResults", resources.search(search_id), SearchId=search_id)
        found = response.get("Rows", [])
        rows: list[Row] = [row for row in found if row and row.get("ArchivedMessageId")]
        for row in rows:
            if "ReceivedTimestamp" in row:
                # botocore's own zones take long to ask, and each moment is asked for many times.
                row["ReceivedTimestamp"] = in_utc(row["ReceivedTimestamp"])
        if self.scope is not None:
            self.scope.note_messages(row["ArchivedMessageId"] for row in rows)
        return ResultRows(rows, len(found) - len(rows), tuple(response.get(NOTES, ())))

    async def list_archive_searches(
        self, archive_id: str, page_size: int, next_token: str | None = None
    ) -> dict[str, Any]:
        self.refuse_archive(archive_id)
        return await self._call(
            "ListArchiveSearches",
            resources.paged(resources.archive(archive_id), next_token),
            ArchiveId=archive_id,
            PageSize=page_size,
            NextToken=next_token,
        )

    async def stop_archive_search(self, search_id: str) -> None:
        await self._refuse_search(search_id)
        await self._call("StopArchiveSearch", resources.search(search_id), SearchId=search_id)

    async def start_archive_export(self, archive_id: str, request: dict[str, Any]) -> str:
        """Start an export, of the members of the request beside ArchiveId; returns its ExportId. A cancelled call waits
        for it, since somebody has to know its id."""
        self.refuse_archive(archive_id)
        archive = resources.archive(archive_id)
        response = await self._call("StartArchiveExport", archive, abandon=False, ArchiveId=archive_id, **request)
        if "ExportId" not in response:
            raise ServiceFailed("Mail Manager started an export without saying its id. list_archive_exports shows it.")
        return str(response["ExportId"])

    async def get_archive_export(self, export_id: str) -> Export:
        response = await self._call("GetArchiveExport", resources.export(export_id), ExportId=export_id)
        if self.scope is not None:
            self.scope.refuse_archive(str(response.get("ArchiveId", "")), f"export {export_id}")
        return cast(Export, response)

    async def list_archive_exports(
        self, archive_id: str, page_size: int, next_token: str | None = None
    ) -> dict[str, Any]:
        self.refuse_archive(archive_id)
        return await self._call(
            "ListArchiveExports",
            resources.paged(resources.archive(archive_id), next_token),
            ArchiveId=archive_id,
            PageSize=page_size,
            NextToken=next_token,
        )

    async def stop_archive_export(self, export_id: str) -> None:
        if self.scope is not None:
            # It says whose the export is.
            await self.get_archive_export(export_id)
        await self._call("StopArchiveExport", resources.export(export_id), ExportId=export_id)

    async def create_archive(self, request: dict[str, Any]) -> str:
        """Make an archive, of the members of the request; returns its ArchiveId. With a ClientToken it is made once,
        however often this is called."""
        self.refuse_new_archive()
        name = str(request.get("ArchiveName", ""))
        response = await self._call("CreateArchive", resources.new_archive(name), abandon=False, **request)
        return str(response["ArchiveId"])

    async def update_archive(self, archive_id: str, request: dict[str, Any]) -> None:
        self.refuse_archive(archive_id)
        await self._call("UpdateArchive", resources.archive(archive_id), ArchiveId=archive_id, **request)

    async def delete_archive(self, archive_id: str) -> None:
        self.refuse_archive(archive_id)
        await self._call("DeleteArchive", resources.archive(archive_id), ArchiveId=archive_id)

    async def tag_archive(self, resource_arn: str, tags: list[dict[str, str]]) -> None:
        self._refuse_arn(resource_arn)
        await self._call("TagResource", resources.tagged(resource_arn), ResourceArn=resource_arn, Tags=tags)

    async def untag_archive(self, resource_arn: str, tag_keys: list[str]) -> None:
        self._refuse_arn(resource_arn)
        await self._call("UntagResource", resources.tagged(resource_arn), ResourceArn=resource_arn, TagKeys=tag_keys)

    async def list_archive_tags(self, resource_arn: str) -> dict[str, Any]:
        self._refuse_arn(resource_arn)
        return await self._call("ListTagsForResource", resources.tagged(resource_arn), ResourceArn=resource_arn)

    async def get_archive_message(self, archived_message_id: str) -> dict[str, Any]:
        self._refuse_message(archived_message_id)
        message = resources.message(archived_message_id)
        return await self._call("GetArchiveMessage", message, ArchivedMessageId=archived_message_id)

    async def get_archive_message_content(self, archived_message_id: str) -> dict[str, Any]:
        self._refuse_message(archived_message_id)
        message = resources.message(archived_message_id)
        return await self._call("GetArchiveMessageContent", message, ArchivedMessageId=archived_message_id)

    def refuse_archive(self, archive_id: str) -> None:
        """
        Raises:
            OutOfScope: it is an archive that the client does not keep to.
        """
        if self.scope is not None:
            self.scope.refuse_archive(archive_id)

    def refuse_new_archive(self) -> None:
        """
        Raises:
            OutOfScope: the client keeps to archives that are there.
        """
        if self.scope is not None:
            raise OutOfScope(
                "This server keeps to the archives that --archive names, and a new one is none of them. Whoever runs "
                "it can start one without --archive to make archives."
            )

    def _refuse_arn(self, resource_arn: str) -> None:
        # arn:aws:ses:REGION:ACCOUNT:mailmanager-archive/ARCHIVE_ID
        archive_id = resource_arn.rpartition("/")[2]
        self.refuse_archive(archive_id)

    async def _refuse_search(self, search_id: str) -> None:
        """Ask whose a search is, where that is not known."""
        if self.scope is not None and not self.scope.knows_search(search_id):
            await self.get_archive_search(search_id)

    def _refuse_message(self, archived_message_id: str) -> None:
        if self.scope is not None:
            self.scope.refuse_message(archived_message_id)

    async def _call(
        self, operation: str, resource: Resource, *, abandon: bool = True, **parameters: Any
    ) -> dict[str, Any]:
        """The members of an operation's answer. `abandon` says whether a cancelled call leaves it to itself."""
        given = {name: value for name, value in parameters.items() if value is not None}
        send = partial(self._send, operation, resource, given)
        what = f"{operation} on {resource}"
        return await unthrottled(lambda: self._waiting.answer(send, what, keep=not abandon))

    def _send(self, operation: str, resource: Resource, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer, by a client with newly read credentials where those of the kept one are refused: whoever signed
        in anew meanwhile is not told that the old login has ended."""
        kept = self._client
        try:
            return self._try(operation, resource, parameters)
        except CredentialsRefused:
            if kept is None or self._client is kept:
                raise
            return self._try(operation, resource, parameters)

    def _try(self, operation: str, resource: Resource, parameters: dict[str, Any]) -> dict[str, Any]:
        # Imported here, in the worker thread, because botocore is slow to load.
        from botocore import xform_name

        from mail_archive_tools.service.refusals.translating import REFUSALS, is_about_credentials, refusal, unforeseen

        try:
            client = self._connected()
            method = getattr(client, xform_name(operation))
            response = with_lists(client, operation, partial(method, **parameters))
        except REFUSALS as error:
            if is_about_credentials(error):
                self._client = None
            raise refusal(error, operation, resource) from error
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise unforeseen(error, resource) from error

        _refuse_strangers(response, client.meta.service_model.operation_model(operation).output_shape)
        _refuse_to_go_in_circles(operation, parameters, response)
        return response

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is not None:
                return self._client

            # Imported here, since it loads botocore.
            from mail_archive_tools.service.wire.whole import only_whole

            client = self._connect()
            only_whole(client)
            never_twice(client, "StartArchiveSearch")
            never_twice(client, "StartArchiveExport")
            no_try_too_late(client)
            self._client = client
            return client


def _refuse_strangers(response: dict[str, Any], shape: Any) -> None:
    """boto3 takes any page with status 200 for an empty answer, and an empty answer would read as "nothing found".

    Raises:
        ServiceFailed: this is not Mail Manager's answer.
    """
    kind = response.pop("ResponseMetadata")["HTTPHeaders"].get("content-type", "")
    for name in ("Archives", "Exports", "Searches", "Tags"):
        if None in response.get(name, ()):
            raise ServiceFailed(
                f"Mail Manager's answer could not be used: an entry of its {name} is null. Call again; if it stays so, "
                "check the server's endpoint-url, and proxies on the way."
            )

    # The protocols of the service: AWS JSON 1.0, and Smithy RPC v2 with CBOR.
    is_of_its_protocols = "json" in kind or "cbor" in kind
    is_whole = all(name in response for name in shape.required_members)
    if not is_of_its_protocols or not is_whole:
        raise ServiceFailed(
            "The answer is not one of Mail Manager. Check the server's endpoint-url, and proxies on the way; then call "
            "again."
        )


def _refuse_to_go_in_circles(operation: str, parameters: dict[str, Any], response: dict[str, Any]) -> None:
    """
    Raises:
        ServiceFailed: the answer leads to itself.
    """
    token = response.get("NextToken")
    if token is not None and token == parameters.get("NextToken"):
        raise ServiceFailed(
            f"Mail Manager's answer to {operation} does not lead on: its NextToken is the one that it was asked with. "
            "What came before it stands. Begin anew without next_token to see whether there is more."
        )
