"""The S3 API over a folder of buckets, as far as an export's destination is looked at before it begins: is the bucket
there, where is it, may it be written, what is in it. Objects are put by `delivery`."""

from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from mail_archive_local.exporting.delivery import DeliveryFailed, FolderDelivery
from mail_archive_local.wire.in_process import answer_in_process
from mail_archive_local.wire.protocol import HttpRequest, Reply
from mail_archive_tools.service.buckets import Location, bucket_policy

_XML = "application/xml"
_LOCATION = b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
# A folder keeps one version of each file, so none was ever switched on.
_VERSIONING = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'


def attach_folder(client: Any, folder: FolderDelivery) -> None:
    """Let every request of this boto3 client of S3, which names buckets in paths, be answered by a folder."""

    def answer(request: HttpRequest) -> Reply:
        url = urlsplit(request.url)
        bucket, _, key = url.path.lstrip("/").partition("/")
        return _answer(folder, request.method, bucket, key, parse_qs(url.query, keep_blank_values=True))

    answer_in_process(client, answer)


def _answer(folder: FolderDelivery, method: str, bucket: str, key: str, query: dict[str, list[str]]) -> Reply:
    prefix = ""
    if method == "PUT":
        prefix = key.rpartition("/")[0]
    try:
        folder.check(Location(bucket, prefix))
    except DeliveryFailed as error:
        if folder.has(bucket):
            return _error(403, "AccessDenied", str(error))
        return _error(404, "NoSuchBucket", str(error))

    if method == "HEAD":
        return Reply(200, b"", _XML)
    if method == "PUT":
        # What comes with If-Match is for an object that is there; there is none to be changed.
        return _error(404, "NoSuchKey", "The specified key does not exist.")

    if "location" in query:
        return Reply(200, _LOCATION, _XML)
    if "policy" in query:
        # Whoever runs the local archive chose the folder: that is all the policy there is.
        return Reply(200, bucket_policy(Location(bucket, "")).encode(), "application/json")
    if "versioning" in query:
        return Reply(200, _VERSIONING, _XML)
    if "list-type" in query:
        (prefix,) = query.get("prefix", [""])
        location = Location(bucket, prefix.rstrip("/"))
        return Reply(200, _listed(folder, location, int(query["max-keys"][0])), _XML)

    return _error(405, "MethodNotAllowed", "A folder of buckets answers only what an export asks.")


def _listed(folder: FolderDelivery, location: Location, limit: int) -> bytes:
    """The files of a place as objects, `limit` of them."""
    # One more than that tells whether there are more.
    keys = list(islice(folder.keys(location), limit + 1))
    truncated = str(len(keys) > limit).lower()
    listed = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys[:limit])
    return f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{listed}</ListBucketResult>".encode()


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>".encode(), _XML)
