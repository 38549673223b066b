"""What an operation is about, as errors name it. Loads nothing of the AWS SDK."""

from dataclasses import dataclass

from mail_archive_tools.untrusted import clean_line


@dataclass(frozen=True)
class Resource:
    """`archive a-1`, and where to look when it is not there."""

    name: str
    find: str = ""

    def __str__(self) -> str:
        return self.name


ARCHIVES = Resource("the archives")


def paged(resource: Resource, next_token: str | None) -> Resource:
    """What a list is about, asked for from a token on."""
    if next_token is None:
        return resource
    return Resource(resource.name, f"{resource.find} Leave next_token out to begin anew.".strip())


def archive(archive_id: str) -> Resource:
    return Resource(f"archive {archive_id}", "list_archives shows those that you may see.")


def search(search_id: str) -> Resource:
    return Resource(f"search {clean_line(search_id)}", "list_archive_searches shows an archive's searches.")


def export(export_id: str) -> Resource:
    return Resource(f"export {clean_line(export_id)}", "list_archive_exports shows an archive's exports.")


def tagged(resource_arn: str) -> Resource:
    return Resource(clean_line(resource_arn), "get_archive gives an archive's ARN.")


def new_archive(name: str) -> Resource:
    return Resource(f"archive named {clean_line(name)}")


def message(archived_message_id: str) -> Resource:
    return Resource(
        f"message {clean_line(archived_message_id)}",
        "search_archive gives the ArchivedMessageId of each message it finds.",
    )
