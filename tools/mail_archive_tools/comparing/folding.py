"""The rows of a page that are left out since another one is like them, as the answer tells of them."""

from collections.abc import Sequence

from mail_archive_tools.models.search import MOST_COPY_IDS, FoldedRow
from mail_archive_tools.models.search import FoundRow as ShownRow
from mail_archive_tools.reading.similarity import Similar
from mail_archive_tools.searching.gathering.page import Fold, PageRow
from mail_archive_tools.service.shapes import FoundRow


def with_similar(found: Sequence[PageRow], folds: Sequence[Fold]) -> list[FoundRow]:
    """The rows, each with the ids of those that are folded into it."""
    like: dict[str, list[str]] = {}
    for fold in folds:
        like.setdefault(fold.like, []).append(fold.archived_message_id)

    rows: list[FoundRow] = []
    for each in found:
        ids = like.get(each.row.get("ArchivedMessageId", ""))
        if ids:
            rows.append({**each.row, "SimilarIds": ids[:MOST_COPY_IDS]})
        else:
            rows.append(each.row)
    return rows


def of_these(rows: Sequence[ShownRow], folds: Sequence[Fold]) -> list[ShownRow]:
    """The rows, each with the ids of those like it that this answer leaves out. Those behind its end are told in the
    next."""
    here = {fold.archived_message_id for fold in folds}
    told: list[ShownRow] = []
    for row in rows:
        if row.similar_ids is None:
            told.append(row)
            continue
        ids = [each for each in row.similar_ids if each in here]
        told.append(row.model_copy(update={"similar_ids": ids or None}))
    return told


def folded(folds: Sequence[Fold], rows: Sequence[ShownRow]) -> list[FoldedRow]:
    """What is left out since a row of an earlier answer is like it."""
    here = {row.archived_message_id for row in rows}
    elsewhere = [fold for fold in folds if fold.like not in here]
    return [FoldedRow(archived_message_id=fold.archived_message_id, like=fold.like) for fold in elsewhere]


def keep(leaders: Similar, before: int, shown: Sequence[PageRow]) -> list[str]:
    """Keep the rows that a page shows, for the pages behind it to be compared with. `before` is how many rows were
    shown before it; a note says so where those are not known any more."""
    notes = []
    if len(leaders.ids) < before:
        notes.append("Rows of earlier answers are not kept any more: none of these were compared with them.")
        # The places of rows stay what they are.
        while len(leaders.ids) < before:
            leaders.add("", "")

    # A page may be asked for again, when its first rows are kept already.
    for each in shown[len(leaders.ids) - before :]:
        leaders.add(each.row.get("ArchivedMessageId", ""), each.minhash)
    return notes
