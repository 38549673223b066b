"""The rows of a page that are left out since another one is like them, as the answer tells of them."""

from collections.abc import Sequence

from mail_archive_tools.models.search import MOST_COPY_IDS, FoldedRow
from mail_archive_tools.models.search import FoundRow as ShownRow
from mail_archive_tools.reading.similarity import Similar
from mail_archive_tools.searching.page import Fold, PageRow
from mail_archive_tools.service.shapes import FoundRow


def with_similar(found: Sequence[PageRow], folds: Sequence[Fold]) -> list[FoundRow]:
    """The rows, each with the ids of those that are folded into it."""
    like: dict[str, list[str]] = {}
    for fold in folds:
        like.setdefault(fold.like, []).append(fold.archived_message_id)
    rows: list[FoundRow] = []
    for each in found:
        ids = like.get(each.row.get("ArchivedMessageId", ""))
        rows.append({**each.row, "SimilarIds": ids[:MOST_COPY_IDS]} if ids else each.row)
    return rows


def of_these(rows: Sequence[ShownRow], folds: Sequence[Fold]) -> list[ShownRow]:
    """The rows with those of their like that are told in this answer: what comes behind its end is told in the next."""
    here = {fold.archived_message_id for fold in folds}
    told: list[ShownRow] = []
    for row in rows:
        ids = [each for each in row.similar_ids or () if each in here] or None
        told.append(row if ids == row.similar_ids else row.model_copy(update={"similar_ids": ids}))
    return told


def folded(folds: Sequence[Fold], rows: Sequence[ShownRow]) -> list[FoldedRow]:
    """What is left out since a row of an earlier answer is like it."""
    here = {row.archived_message_id for row in rows}
    return [
        FoldedRow(archived_message_id=fold.archived_message_id, like=fold.like)
        for fold in folds
        if fold.like not in here
    ]


def keep(leaders: Similar, before: int, shown: Sequence[PageRow]) -> list[str]:
    """Keep what a page shows for the pages behind it: so many rows were shown before. A note, where those are not known
    any more."""
    notes = []
    if len(leaders.ids) < before:
        notes.append("Rows of earlier answers are not kept any more: none of these were compared with them.")
        while len(leaders.ids) < before:
            leaders.add("", "")
    for each in shown[len(leaders.ids) - before :]:
        leaders.add(each.row.get("ArchivedMessageId", ""), each.minhash)
    return notes
