"""An index answers as reading does: the same messages in the same order, pages, counts and groups."""

import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from mail_archive_local.importing.importer import import_mail
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_tools.models.search import ArchiveSearchPage
from tests.conftest import READ_OF_CORPUS
from tests.tools.indexing.scene import Scene, page, pages, said, summary
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

START = 1_700_000_000

TEXTS = (
    "Please pay the invoice 4711 by Friday.",
    "The invoices are late, says naïve Zoë.\n\nOn Mon, Ann <a@b.example> wrote:\n> pay the invoice\n> now",
    "Das Büro schließt. Die Jahresrechnung folgt.",
    "東京都の会議は明日です。",
    "Встреча в Москве, ёлка куплена.",
    "see https://login.evil.example/x and write to ann@b.example",
    "u_boot is broken; a beginning has no end",
)


def letter(number: int, text: str, **more: Any) -> bytes:
    message = EmailMessage()
    message["Received"] = f"from a.example by b.example; {format_datetime(moment(START + 3_000 * number))}"
    message["From"] = more.get("sender", f"Person {number % 4} <p{number % 4}@b.example>")
    message["To"] = "Ann Lee <ann@here.example>, ben@here.example"
    message["Subject"] = more.get("subject", f"Subject {number % 5}")
    message["Message-ID"] = more.get("message_id", f"<{number}@b.example>")
    message["Date"] = format_datetime(moment(START + 3_000 * number - 86_400 * (number % 3)))
    message.set_content(text)
    if "html" in more:
        message.add_alternative(more["html"], subtype="html")
    if "file" in more:
        message.add_attachment(more["file"], filename=f"list-{number}.txt")
    return message.as_bytes()


def letters() -> Iterator[bytes]:
    for number in range(40):
        yield letter(number, TEXTS[number % len(TEXTS)])
    yield letter(40, "nothing", html="<p>nothing</p><p style='display:none'>the secret invoice</p>")
    yield letter(41, "with a file", file="a kumquat in a file, and a quince")
    # Two copies of one message, one of them received a minute later.
    yield letter(42, "a copied kumquat", message_id="<copy@b.example>", subject="Copied")
    yield letter(42, "a copied kumquat", message_id="<copy@b.example>", subject="Copied") + b"\n"
    yield letter(43, "", html="")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    timeline = Timeline(tmp_path_factory.mktemp("same") / "archive")
    timeline.add([describe(raw, timeline.archive_id, START + 3_000 * number) for number, raw in enumerate(letters())])
    made = Scene.of(timeline.folder, timeline.archive_id)
    tally = anyio.run(made.fill)
    assert (tally.put, tally.unread, tally.failures) == (45, 0, 0)
    return made


QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"filter_here": {"body": ["invoice"]}},
    {"filter_here": {"body": ["invoice", "büro"]}},
    {"filter_here": {"body": ["buro"]}},
    {"filter_here": {"body": ["invoic*"]}},
    {"filter_here": {"body": ["*rechnung*"]}},
    {"filter_here": {"body": ["pay the invoice"]}},
    {"filter_here": {"body_all": ["pay", "friday"]}},
    {"filter_here": {"body_all": ["pay", "*oice*"]}},
    {"filter_here": {"body_not": ["invoice", "invoices"]}},
    {"filter_here": {"body": ["the"], "body_not": ["4711"]}},
    {"filter_here": {"body_not": ["*in*"]}},
    {"filter_here": {"own_text": ["invoice"]}},
    {"filter_here": {"quoted_text": ["invoice"]}},
    {"filter_here": {"quoted_text": ["invoice"], "own_text": ["zoe"]}},
    {"filter_here": {"attachment_text": ["kumquat"]}},
    {"filter_here": {"body": ["kumquat"]}},
    {"filter_here": {"body": ["secret"]}},
    {"filter_here": {"body": ["list"]}},
    {"filter_here": {"body": ["東京"]}},
    {"filter_here": {"body": ["京東"]}},
    {"filter_here": {"body": ["会議"]}},
    {"filter_here": {"body": ["москве"]}},
    {"filter_here": {"body": ["елка"]}},
    {"filter_here": {"body": ["login.evil.example"]}},
    {"filter_here": {"body": ["ann@b.example"]}},
    {"filter_here": {"body": ["u_boot"]}},
    {"filter_here": {"link_host": ["evil.example"]}},
    {"filter_here": {"larger_than": 600}},
    {"filter_here": {"smaller_than": 600, "body": ["the"]}},
    {"filter_here": {"date_differs": 20}},
    {"filter_here": {"language": ["de"]}},
    {"filter_here": {"attachment_name": ["*.txt"]}},
    {"filter_here": {"attachment_type": ["text/*"]}},
    {"filter_here": {"sender": ["person 1*"]}},
    {"filter_here": {"subject": ["*3"], "body": ["the"]}},
    {"filter_here": {"message_id": ["1?@*"]}},
    {"filter_here": {"finding": ["html-hides*", "hidden"]}},
    {"sender": ["p2@"]},
    {"subject": ["Subject 1", "copied"]},
    {"participant": ["ben@"], "filter_here": {"body": ["invoice"]}},
    {"exclude": {"subject": ["subject"]}},
    {"exclude": {"sender": ["p0@"]}, "filter_here": {"body": ["invoice*"]}},
    {"has_attachments": "yes"},
)


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
async def test_all_pages_are_the_same(scene: Scene, question: dict[str, Any]) -> None:
    for order in ("newest_first", "oldest_first"):
        read, last_read = await pages(scene, scene.reading, question, limit=7, order=order)
        told, last_told = await pages(scene, scene.indexed, question, limit=7, order=order)
        assert told == read
        assert last_told.complete and last_read.complete
        assert last_told.filtered_here == last_read.filtered_here
        assert last_told.searches_so_far == 0
        assert (last_told.rows_so_far, last_told.messages_so_far) == (last_read.rows_so_far, last_read.messages_so_far)


GROUPS = (
    ["sender", "recipient_domain", "subject", "month"],
    ["pair", "hour", "source", "attachment"],
    ["link_host", "attachment_type", "attachment_name", "language"],
    ["finding", "size", "authentication", "reply_to_domain"],
)


@pytest.mark.parametrize("group_by", GROUPS, ids=repr)
@pytest.mark.parametrize(
    "question", [{}, {"filter_here": {"body": ["invoic*", "kumquat"]}}, {"sender": ["p2@"]}], ids=repr
)
async def test_all_groups_are_the_same(scene: Scene, question: dict[str, Any], group_by: list[str]) -> None:
    read = await summary(scene, scene.reading, question, group_by)
    told = await summary(scene, scene.indexed, question, group_by)
    assert said(told) == said(read)
    assert told.rows > 0 and told.searches_so_far == 0


async def test_terms_and_conversations_are_the_same(scene: Scene) -> None:
    read = await summary(scene, scene.reading, {}, ["sender"], terms=["subject 1", "ann"])
    told = await summary(scene, scene.indexed, {}, ["sender"], terms=["subject 1", "ann"])
    assert told.terms == read.terms and told.hit_by_terms == read.hit_by_terms


async def test_shown_facts_and_similar_messages_are_the_same(scene: Scene) -> None:
    show = ["size", "date_differs", "link_host", "attachment", "finding", "sha256", "hidden_words"]
    for deduplicate in ("no", "copies", "similar"):
        read = await page(scene, scene.reading, {}, show=show, deduplicate=deduplicate)
        told = await page(scene, scene.indexed, {}, show=show, deduplicate=deduplicate)
        assert told.rows == read.rows and told.folded == read.folded
        assert told.complete and read.complete


async def test_what_only_hidden_text_says_is_noted(scene: Scene) -> None:
    question = {"filter_here": {"body": ["secret invoice"]}}
    for access in (scene.reading, scene.indexed):
        answer = await page(scene, access, question)
        assert any("only in hidden text" in note for note in answer.notes or [])


async def test_an_answer_says_what_the_index_answered(scene: Scene) -> None:
    answer = await page(scene, scene.indexed, {"filter_here": {"body": ["invoice"]}})
    assert any(note.startswith("The index of content answered for") for note in answer.notes or [])
    counted = await summary(scene, scene.indexed, {}, ["sender"])
    assert any(note.startswith("The index of content answered for") for note in counted.notes or [])
    read = await page(scene, scene.reading, {"filter_here": {"body": ["invoice"]}})
    assert not any("index" in note for note in read.notes or [])


@pytest.mark.parametrize(
    "question", [{}, {"filter_here": {"body": ["invoice"]}}, {"filter_here": {"larger_than": 600}}], ids=repr
)
@pytest.mark.parametrize("holes", [((0, 12),), ((20, 30),), ((5, 6), (10, 11), (30, 50)), ((0, 50),)], ids=repr)
async def test_what_the_index_does_not_hold_is_searched_and_read(
    tmp_path: Path, scene: Scene, question: dict[str, Any], holes: tuple[tuple[int, int], ...]
) -> None:
    """Wherever the holes are, and whether windows end in the middle of a second that several messages were received
    in."""
    partly = copied(scene, tmp_path)
    edges = [0, *[edge for hole in holes for edge in hole], 60]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if first < last:
            await partly.fill(moment(START + 3_000 * first), moment(START + 3_000 * last - 1))
    for order in ("newest_first", "oldest_first"):
        read, last_read = await pages(scene, scene.reading, question, limit=6, order=order)
        told, last_told = await pages(partly, partly.indexed, question, limit=6, order=order)
        assert told == read
        assert last_told.complete
        assert last_told.filtered_here == last_read.filtered_here
        assert last_told.searches_so_far is None or last_told.searches_so_far > 0
    groups = ["sender", "size", "language"]
    assert said(await summary(partly, partly.indexed, question, groups)) == said(
        await summary(scene, scene.reading, question, groups)
    )


def copied(scene: Scene, tmp_path: Path) -> Scene:
    """The same archive, without an index."""
    folder = tmp_path / "archive"
    shutil.copytree(scene.folder, folder, ignore=shutil.ignore_patterns("index.sqlite3*"))
    return Scene.of(folder, scene.archive_id)


# Of real mail


@pytest.fixture(scope="module")
def real(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    timeline = Timeline(tmp_path_factory.mktemp("real") / "archive")
    paths = [path for path in sorted(corpus.glob("*/**/*")) if path.is_file()]
    chosen = paths[:: max(1, len(paths) // 120)]
    READ_OF_CORPUS["an index"] = len(chosen)
    folder = timeline.folder.parent / "mail"
    folder.mkdir()
    for number, path in enumerate(chosen):
        shutil.copy(path, folder / f"{number}.eml")
    with Store(timeline.folder) as store:
        archive = store.archive(timeline.archive_id)
        assert archive is not None
        import_mail(store, archive, [folder])
    made = Scene.of(timeline.folder, timeline.archive_id)
    anyio.run(made.fill)
    return made


WORDS = (
    "the",
    "money",
    "linux",
    "free*",
    "list",
    "http",
    "*tion*",
    "click here",
    "please",
    "über",
    "2002",
    "is*",
    "www",
)
OF_REAL: tuple[dict[str, Any], ...] = (
    *[{"filter_here": {"body": [word]}} for word in WORDS],
    *[{"filter_here": {"own_text": [word]}} for word in WORDS[:6]],
    *[{"filter_here": {"quoted_text": [word]}} for word in WORDS[:6]],
    *[{"filter_here": {"body_not": [word]}} for word in WORDS[:6]],
    *[{"filter_here": {"body_all": [one, other]}} for one, other in pairwise(WORDS)],
    *[{"filter_here": {"body": [word], "larger_than": 3_000}} for word in WORDS[:4]],
    *[{"filter_here": {"body": [word], "finding": ["dmarc*", "html"]}} for word in WORDS[:4]],
    *[{"filter_here": {"attachment_text": [word]}} for word in WORDS[:4]],
    {"filter_here": {"link_host": ["*.com"]}},
    {"filter_here": {"language": ["en"], "body": ["the"]}},
    {"filter_here": {"attachment_type": ["image/*"]}},
)


async def test_real_mail_gives_the_same_answers(real: Scene) -> None:
    for question in OF_REAL:
        read, last_read = await pages(real, real.reading, question)
        told, last_told = await pages(real, real.indexed, question)
        assert told == read, question
        assert broken_off(last_told) == broken_off(last_read), question
        assert last_told.complete == last_read.complete, question
        assert last_told.filtered_here == last_read.filtered_here, question


def broken_off(answer: ArchiveSearchPage) -> list[str]:
    return [note for note in answer.notes or [] if "break" in note]


async def test_real_mail_gives_the_same_groups(real: Scene) -> None:
    for group_by in GROUPS:
        read = await summary(real, real.reading, {}, group_by)
        told = await summary(real, real.indexed, {}, group_by)
        assert said(told) == said(read), group_by
