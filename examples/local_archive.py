"""A local archive from Python: mail is put into a folder, looked for with boto3, written out, and all of it verified.

python examples/local_archive.py new-folder ~/Mail
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

import boto3

from mail_archive_local import DEFAULT_REGION, ArchiveFolder, ExportForm, LocalArchiveError, MailSources, verify


def main(place: Path, mail: Path) -> None:
    with ArchiveFolder(place, create=True) as folder:
        archive = folder.archive_to_fill("letters")
        tally = folder.import_mail(archive, MailSources.of([mail]))
        print(f"{tally.added} messages added, {tally.already_there} were there already")

        for subject in subjects(folder, archive.archive_id):
            print(f"- {subject}")

        out = place.with_name(f"{place.name}-out")
        count = folder.export(archive, out, form=ExportForm("mbox"))
        print(f"{count} messages written to {out.name}")

    for each in (place, out):
        print(f"{each.name} is whole: {verify(each).is_whole}")


def subjects(folder: ArchiveFolder, archive_id: str) -> list[str]:
    """Those of the first four weeks of mail, asked for as of AWS: only that nothing leaves this process."""
    keys = folder.keys_of()
    assert keys is not None
    client = boto3.client(
        "mailmanager",
        region_name=DEFAULT_REGION,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )
    folder.in_process().attach(client)

    oldest = client.get_archive(ArchiveId=archive_id)["CreatedTimestamp"]
    search_id = client.start_archive_search(
        ArchiveId=archive_id, FromTimestamp=oldest, ToTimestamp=oldest + timedelta(weeks=4), MaxResults=10
    )["SearchId"]
    while client.get_archive_search(SearchId=search_id)["Status"]["State"] != "COMPLETED":
        time.sleep(0.05)
    return [row["Subject"] for row in client.get_archive_search_results(SearchId=search_id)["Rows"]]


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except LocalArchiveError as error:
        sys.exit(str(error))
