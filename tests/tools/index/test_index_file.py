"""An index of content in a file: what is put in is found, in the order of time, and what is forgotten is gone."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import IndexUnusable, Late
from mail_archive_tools.index.engine import Counted, Looked
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.index.question import (
    Conditions,
    NumberCondition,
    Question,
    RowCondition,
    ValueCondition,
)
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.storage.index_file.index_file import IndexFile
from mail_archive_tools.words.questions import WordCondition, read_sought
from mail_archive_tools.words.texts import BODY, Texts
from tests.tools.index.entries import ARCHIVE, entry

FOREVER = (0, 4_000_000_000)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexFile]:
    made = IndexFile(tmp_path / "folder" / "index.sqlite3", writes=True)
    yield made
    made.close()


def words(*asked: str, fields: tuple[str, ...] = BODY, how: Any = "any") -> WordCondition:
    return WordCondition(fields, tuple([read_sought(each, "body") for each in asked]), how)


def ask(*conditions: Any, archive_id: str = ARCHIVE, newest_first: bool = True, **more: Any) -> Question:
    kinds = {RowCondition: "rows", ValueCondition: "values", NumberCondition: "numbers", WordCondition: "words"}
    sorted_out: dict[str, tuple[Any, ...]] = {}
    for each in conditions:
        name = kinds[type(each)]
        sorted_out[name] = (*sorted_out.get(name, ()), each)
    first, last = more.pop("seconds", FOREVER)
    return Question(archive_id, first, last, conditions=Conditions(**sorted_out), newest_first=newest_first, **more)


def found(index: IndexFile, question: Question, limit: int = 1_000) -> list[str]:
    return [each.row["ArchivedMessageId"] for each in index.find(question, limit).entries]


def counted_by(index: IndexFile, question: Question) -> Counted:
    counted = index.counted(question, 1_000)
    assert counted is not None
    return counted


def test_what_is_put_is_found_in_the_order_of_time(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry("two", 200), entry("one", 100), entry("three", 300.5)])
    assert found(index, ask()) == ["three", "two", "one"]
    assert found(index, ask(newest_first=False)) == ["one", "two", "three"]
    assert found(index, ask(seconds=(150, 300))) == ["three", "two"]
    assert found(index, ask(begin=200_000, end=300_499)) == ["two"]
    assert found(index, ask(archive_id="a-other")) == []


def test_as_many_as_are_asked_for_come_and_all_of_the_last_second(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry(f"m{number}", 100 + number // 3) for number in range(12)])
    part = index.find(ask(), 4)
    assert [each.row["ArchivedMessageId"] for each in part.entries[:3]] == sorted(
        ["m9", "m10", "m11"], key=found(index, ask()).index
    )
    assert len(part.entries) == 6 and part.reached == 102
    rest = index.find(ask(seconds=(0, 101)), 100)
    assert len(rest.entries) == 6 and rest.reached == 0
    assert index.find(ask(newest_first=False), 1).reached == 100


def test_a_message_that_is_put_again_replaces_itself(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry("one", 100, "an old word")])
    index.put(ARCHIVE, [entry("one", 100, "a new word")])
    assert found(index, ask(words("old"))) == []
    assert found(index, ask(words("new"))) == ["one"]
    assert [each.messages for each in index.held()] == [1]


def test_many_of_one_second_have_places_of_their_own(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry(f"m{number}", 100) for number in range(1_500)])
    assert len(set(found(index, ask(), 2_000))) == 1_500


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (words("bill"), ["one"]),
        (words("bil*"), ["two", "one"]),
        (words("*ill*"), ["two", "one"]),
        (words("the bill"), ["one"]),
        (words("bill the"), []),
        (words("bill", "gamma"), ["three", "one"]),
        (words("bill", "pay", how="all"), ["one"]),
        (words("bill", "gamma", how="all"), []),
        (words("bil*", how="none"), ["three"]),
        (words("*ill*", how="none"), ["three"]),
        (words("gamma", fields=("quoted",)), ["three"]),
        (words("gamma", fields=("own",)), []),
        (words("secret"), ["two"]),
        (words("東京"), ["two"]),
        (words("京東"), []),
        (words("cafe"), ["three"]),
        (words("sheet", fields=("files",)), ["one"]),
        (words("sheet"), []),
    ],
    ids=repr,
)
def test_words_are_found_where_they_stand(index: IndexFile, asked: WordCondition, names: list[str]) -> None:
    put_three(index)
    assert found(index, ask(asked)) == names


def put_three(index: IndexFile) -> None:
    index.put(
        ARCHIVE,
        [
            entry("one", 100, texts=Texts(own="Pay the bill", files="a sheet")),
            entry("two", 200, texts=Texts(own="billing in 東京都", hidden="secret")),
            entry("three", 300, texts=Texts(own="a café", quoted="gamma")),
            entry("unread", 400, unread="it took too long"),
        ],
    )


def test_words_that_only_hidden_text_has_are_told(index: IndexFile) -> None:
    put_three(index)
    (of_hidden,) = index.find(ask(words("secret")), 10).entries
    (of_seen,) = index.find(ask(words("billing")), 10).entries
    assert of_hidden.is_hidden and not of_seen.is_hidden
    assert counted_by(index, ask(words("secret"))).hidden == {"two"}


def test_what_was_looked_at_is_told(index: IndexFile) -> None:
    put_three(index)
    index.put(ARCHIVE, [entry("cut", 500, "begins", is_cut=True), entry("never", 600, unread="gone", numbers={})])
    assert index.looked(ask()) == Looked(6)
    assert index.looked(ask(words("bill"))) == Looked(6, unread=2, cut=1)
    assert index.looked(ask(words("begins"))) == Looked(6, unread=2, cut=0)
    assert index.looked(ask(NumberCondition("size_bytes", least=1))) == Looked(6, unread=1)
    index.put(ARCHIVE, [entry("cut", 500, "begins", files_are_cut=True)])
    assert index.looked(ask(words("bill"))) == Looked(6, unread=2, cut=0)
    assert index.looked(ask(words("bill", fields=("files",)))) == Looked(6, unread=2, cut=1)
    assert index.looked(ask(words("bill", fields=("files",)), words("pay"))) == Looked(6, unread=2, cut=1)
    assert index.looked(ask(words("bill"), NumberCondition("size_bytes", least=5_000))) == Looked(6, unread=1)
    assert index.looked(ask(words("bill"), seconds=(0, 350))) == Looked(3)


def test_values_and_numbers_are_asked_for(index: IndexFile) -> None:
    hosts = {"link_host": ("www.a.example", "b.example"), "authentication": ("dmarc=fail",)}
    index.put(
        ARCHIVE,
        [
            entry("one", 100, values=hosts, numbers={"size_bytes": 10, "date_distance": 7_200}),
            entry("two", 200, values={"link_host": ("c.example",)}, numbers={"size_bytes": 20}),
        ],
    )
    assert found(index, ask(ValueCondition("link_host", ("a.example",), "host"))) == ["one"]
    assert found(index, ask(ValueCondition("link_host", ("*.example",)))) == ["two", "one"]
    assert found(index, ask(ValueCondition("authentication", ("dmarc=*",), of_body=False))) == ["one"]
    assert found(index, ask(NumberCondition("size_bytes", most=15))) == ["one"]
    assert found(index, ask(NumberCondition("date_distance", least=7_200))) == ["one"]
    assert index.values(ask(), "link_host") == {"one": ("www.a.example", "b.example"), "two": ("c.example",)}
    assert index.values(ask(NumberCondition("size_bytes", least=15)), "link_host") == {"two": ("c.example",)}


def test_rows_are_asked_for_as_a_search_and_a_pattern_do(index: IndexFile) -> None:
    index.put(
        ARCHIVE,
        [
            entry("Über uns", 100, Cc="carl@c.example", Envelope={"From": "bounce@x.example", "To": ["bcc@d.example"]}),
            entry("other", 200, From="=?utf-8?q?J=C3=B6rg?= <j@a.example>", HasAttachments=True),
        ],
    )

    def contains(attribute: str, *values: str) -> dict[str, Any]:
        return {"StringExpression": {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": [*values]}}

    def by(*include: dict[str, Any], unless: tuple[dict[str, Any], ...] = ()) -> list[str]:
        filters: dict[str, Any] = {"Include": [*include]}
        if unless:
            filters["Unless"] = [*unless]
        return found(index, ask(alternatives=(filters,)))

    assert by(contains("SUBJECT", "über")) == ["Über uns"]
    assert by(contains("CC", "CARL", "nobody")) == ["Über uns"]
    assert by(contains("ENVELOPE_TO", "bcc@")) == ["Über uns"]
    assert by(contains("ENVELOPE_FROM", "bounce"), contains("CC", "nobody")) == []
    assert by(unless=(contains("SUBJECT", "über"),)) == ["other"]
    attached = {"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": "IS_TRUE"}}
    assert by(attached) == ["other"]
    assert found(index, ask(alternatives=({"Include": [attached]}, None))) == ["other", "Über uns"]
    assert found(index, ask(RowCondition("From", ("jörg*",)))) == ["other"]
    assert found(index, ask(RowCondition("Subject", ("*uns",)))) == ["Über uns"]
    assert found(index, ask(RowCondition("MessageId", ("<other@*>",)))) == ["other"]


def test_what_is_counted_is_told_of_each(index: IndexFile) -> None:
    entries = [entry("one", 100.25, Cc="carl@c.example"), entry("two", 200, InReplyTo="<one@a.example>")]
    index.put(ARCHIVE, [*entries, entry("three", 300, unread="why")])
    counted = counted_by(index, ask())
    assert sorted(counted.labels)[:1] == sorted(each.labels for each in entries)[:1]
    assert {each.archived_message_id for each in counted.labels} == {"one", "two", "three"}
    assert counted.unread == {"three": "why"}
    assert index.counted(ask(), 2) is None and index.counted(ask(), 3) is not None


def test_an_answer_that_takes_longer_than_its_call_has_is_late(index: IndexFile) -> None:
    texts = " ".join(f"w{number}" for number in range(2_000))
    index.put(ARCHIVE, [entry(f"m{number}", number, texts) for number in range(400)])
    question = ask(words("*nowhere*"))
    # What is left of a call's time, and its grace, are over.
    with Patience(-10), pytest.raises(Late, match=r"did not answer in the time of the call"):
        index.find(question, 10)
    assert index.find(question, 10).entries == []


def test_one_that_waits_for_its_turn_is_late_too(index: IndexFile) -> None:
    with index._turn, Patience(-10), pytest.raises(Late):
        index.held()
    assert index.held() == []


VOCABULARY = ("alpha", "beta", "gamma", "alphabet", "be")


@settings(max_examples=60)
@given(
    mails=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.lists(st.sampled_from(VOCABULARY), max_size=4),
            st.lists(st.sampled_from(VOCABULARY), max_size=3),
        ),
        max_size=8,
    ),
    asked=st.lists(
        st.tuples(
            st.sampled_from([("own",), ("quoted",), ("own", "quoted")]),
            st.lists(
                st.one_of(
                    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=2).map(" ".join),
                    st.sampled_from(["al*", "be*", "*et*"]),
                ),
                min_size=1,
                max_size=2,
            ),
            st.sampled_from(["any", "all", "none"]),
        ),
        min_size=1,
        max_size=2,
    ),
    newest_first=st.booleans(),
    limit=st.integers(1, 4),
)
def test_plain_python_finds_the_same(shared: IndexFile, mails: Any, asked: Any, newest_first: bool, limit: int) -> None:
    """Page after page, in the order of time."""
    index = shared
    index.put(
        ARCHIVE,
        [
            entry(f"m{number}", second, texts=Texts(own=" ".join(own), quoted=" ".join(quoted)))
            for number, (second, own, quoted) in enumerate(mails)
        ],
    )
    conditions = [words(*sought, fields=fields, how=how) for fields, sought, how in asked]

    right = []
    for number, (second, own, quoted) in enumerate(mails):
        texts = {"own": own, "quoted": quoted}
        if all(holds([texts[field] for field in fields], sought, how) for fields, sought, how in asked):
            right.append((second, f"m{number}"))

    first, last = FOREVER
    pages: list[tuple[int, str]] = []
    while first <= last:
        part = index.find(ask(*conditions, newest_first=newest_first, seconds=(first, last)), limit)
        of_part = [
            (int(each.row["ReceivedTimestamp"].timestamp()), each.row["ArchivedMessageId"]) for each in part.entries
        ]
        pages += of_part
        if newest_first:
            last = part.reached - 1
        else:
            first = part.reached + 1

    assert sorted(pages) == sorted(right)
    seconds = [second for second, _ in pages]
    assert seconds == sorted(seconds, reverse=newest_first)
    index.forget(ARCHIVE)


def second_of(row: Row) -> int:
    return int(row["ReceivedTimestamp"].timestamp())


def holds(texts: list[list[str]], sought: list[str], how: str) -> bool:
    """By plain Python."""
    standing = [any(stands(text, each) for text in texts) for each in sought]
    return {"any": any(standing), "all": all(standing), "none": not any(standing)}[how]


def stands(text: list[str], sought: str) -> bool:
    if sought.startswith("*"):
        return sought.strip("*") in " ".join(text)
    if sought.endswith("*"):
        return any(each.startswith(sought.rstrip("*")) for each in text)
    parts = sought.split()
    return any(text[place : place + len(parts)] == parts for place in range(len(text)))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexFile]:
    """One for all examples: making a file takes longer than they do."""
    made = IndexFile(tmp_path_factory.mktemp("shared") / "index.sqlite3", writes=True)
    yield made
    made.close()


@pytest.mark.parametrize(
    "members",
    [
        {"Subject": "a\ud800b"},
        {"From": "x\udcff <a@b.example>"},
        {"To": "\ud800"},
        {"Envelope": {"From": "\ud800", "To": ["\ud800"]}},
        {"values": {"link_host": ("\ud800",)}},
        {"texts": Texts(own="\ud800 word")},
        {"unread": "\ud800"},
        {"MessageId": "<\ud800>"},
    ],
    ids=repr,
)
def test_half_a_surrogate_pair_keeps_no_message_out(index: IndexFile, members: dict[str, Any]) -> None:
    index.put(ARCHIVE, [entry("one", 100, **members), entry("two", 200)])
    assert found(index, ask()) == ["two", "one"]
    assert len(counted_by(index, ask()).labels) == 2


def test_half_a_surrogate_pair_may_be_asked_for(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry("one", 100, Subject="a\ud800b")])
    evaluate = {"Evaluate": {"Attribute": "SUBJECT"}, "Operator": "CONTAINS", "Values": ["\ud800"]}
    assert found(index, ask(alternatives=({"Include": [{"StringExpression": evaluate}]},))) == ["one"]
    assert found(index, ask(words("*\ud800x*"))) == []


# What it holds whole


def test_stretches_are_joined_and_told(index: IndexFile) -> None:
    index.note_whole(ARCHIVE, [Stretch(0, 10)])
    index.note_whole(ARCHIVE, [Stretch(11, 20), Stretch(40, 50)])
    assert index.stretches(ARCHIVE) == [Stretch(0, 20), Stretch(40, 50)]
    assert index.stretches("a-other") == []
    (held,) = index.held()
    assert (held.archive_id, held.messages, held.stretches) == (ARCHIVE, 0, [Stretch(0, 20), Stretch(40, 50)])


def test_what_is_known_and_what_was_said_is_told(index: IndexFile) -> None:
    put_three(index)
    assert index.known(ARCHIVE, ["one", "unread", "none"]) == {"one"}
    assert index.texts(ARCHIVE, "one") == Texts(own="Pay the bill", files="a sheet")
    assert index.texts(ARCHIVE, "unread") is None and index.texts("a-other", "one") is None
    assert index.some(ARCHIVE, 2) == ["unread", "three"] and index.some("a-other", 2) == []


# Forgetting


def bytes_of(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()) if each.name.startswith(path.name))


@pytest.mark.parametrize("how", ["message", "before", "archive"])
def test_a_word_that_is_forgotten_is_in_no_byte_of_the_file(index: IndexFile, how: str) -> None:
    def secret(name: str, second: int, archive_word: str) -> Entry:
        return entry(name, second, f"{archive_word} xylophone", Subject=f"{archive_word} zugzwang",
                     values={"link_host": (f"{archive_word}.example",)})  # fmt: skip

    index.put(ARCHIVE, [secret("one", 100, "kumquat"), entry("two", 200, "quince xylophone")])
    index.put("a-other", [entry("three", 100, "medlar")])
    index.note_whole(ARCHIVE, [Stretch(0, 300)])
    arguments: dict[str, Any] = {
        "message": {"archived_message_ids": ["one", "none"]},
        "before": {"before": 150},
        "archive": {},
    }
    assert index.forget(ARCHIVE, **arguments[how]) == (2 if how == "archive" else 1)

    left = bytes_of(index.path)
    assert b"kumquat" not in left and b"zugzwang" not in left
    assert found(index, ask(words("kumquat"))) == []
    assert found(index, ask(words("medlar"), archive_id="a-other")) == ["three"]
    whole = {"message": [Stretch(0, 300)], "before": [Stretch(150, 300)], "archive": []}
    assert index.stretches(ARCHIVE) == whole[how]
    assert (b"quince" in left) == (how != "archive")


# The file


def test_it_is_its_users_alone(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry("one", 100)])
    assert stat.S_IMODE(index.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(index.path.parent.stat().st_mode) == 0o700
    for beside in index.path.parent.iterdir():
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_one_that_is_only_read_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match=r"cannot be used.*Messages are read instead"):
        IndexFile(tmp_path / "none.sqlite3")
    assert not (tmp_path / "none.sqlite3").exists()


def test_another_programs_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE precious (thing TEXT)")
    before = path.read_bytes()
    for writes in (False, True):
        with pytest.raises(IndexUnusable, match="another program's"):
            IndexFile(path, writes=writes)
    text = tmp_path / "text"
    text.write_bytes(b"no database" * 1_000)
    with pytest.raises(IndexUnusable, match="cannot be used"):
        IndexFile(text, writes=True)
    assert path.read_bytes()[:100] == before[:100] or sqlite3.connect(path).execute("SELECT * FROM precious")


def test_one_of_another_version_is_refused_by_readers_and_made_anew_by_writers(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry("one", 100)])
    index.note_whole(ARCHIVE, [Stretch(0, 300)])
    index.close()
    with closing(sqlite3.connect(index.path)) as file:
        file.execute("PRAGMA user_version = 999")
    with pytest.raises(IndexUnusable, match="another version"):
        IndexFile(index.path)
    anew = IndexFile(index.path, writes=True)
    assert anew.held() == []
    anew.put(ARCHIVE, [entry("one", 100, "word")])
    assert found(anew, ask(words("word"))) == ["one"]
    anew.close()


def test_one_that_was_made_of_something_else_is_refused_and_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    IndexFile(path, "one", writes=True).close()
    with pytest.raises(IndexUnusable, match="--trusted-authserv-id"):
        IndexFile(path, "other")
    IndexFile(path, None).close()
    IndexFile(path, "other", writes=True).close()
    with pytest.raises(IndexUnusable, match="--trusted-authserv-id"):
        IndexFile(path, "one")


def test_damage_is_named(index: IndexFile) -> None:
    index.put(ARCHIVE, [entry(f"m{number}", number, "word " * 50) for number in range(300)])
    index.close()
    content = bytearray(index.path.read_bytes())
    for place in range(8_192, len(content), 64):
        content[place] ^= 0xFF
    index.path.write_bytes(content)
    damaged = IndexFile(index.path)
    with pytest.raises(IndexUnusable, match=r"cannot be used \(.+\)\. Messages are read instead"):
        damaged.find(ask(words("word")), 500)
        damaged.counted(ask(), 1_000)
        damaged.forget(ARCHIVE)
    damaged.close()


@pytest.mark.skipif(os.name != "posix", reason="symbolic links take rights elsewhere")
def test_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "link.sqlite3").symlink_to(target / "index.sqlite3")
    with pytest.raises(IndexUnusable, match="symbolic link"):
        IndexFile(tmp_path / "link.sqlite3", writes=True)
    assert list(target.iterdir()) == []


def test_several_write_while_others_read(index: IndexFile) -> None:
    failures: list[IndexUnusable] = []

    def write(name: str) -> None:
        try:
            with closing(IndexFile(index.path, writes=True)) as own:
                for number in range(20):
                    own.put(ARCHIVE, [entry(f"{name}{number}", number, "word"), entry(f"both{number}", number, "word")])
        except IndexUnusable as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        seen = index.find(ask(words("word")), 1_000).entries
        assert len({each.row["ArchivedMessageId"] for each in seen}) == len(seen)
    for each in writers:
        each.join()
    assert failures == []
    assert len(found(index, ask(words("word")))) == 60


_KILLED = """
import sys
from pathlib import Path
from mail_archive_tools.storage.index_file.index_file import IndexFile
from tests.tools.index.entries import ARCHIVE, entry
index = IndexFile(Path(sys.argv[1]), writes=True)
for number in range(10_000):
    index.put(ARCHIVE, [entry(f"m{number}-{each}", number, "word") for each in range(3)])
    print(number, flush=True)
"""


def test_one_that_is_killed_has_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        while int(writer.stdout.readline()) < 5:
            pass
        writer.kill()
        said = [int(line) for line in writer.stdout if line.endswith("\n")]
    last = max([5, *said])

    with closing(IndexFile(path, writes=True)) as left:
        names = found(left, ask(words("word")), 100_000)
    assert len(names) % 3 == 0 and len(names) >= 3 * (last + 1)
    assert {f"m{number}-{each}" for number in range(last + 1) for each in range(3)} <= set(names)
