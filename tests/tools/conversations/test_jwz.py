"""Conversations out of references: gaps, forks, loops, the same id twice, answers known by their subject alone."""

from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.conversations.jwz import Container, Threadable, conversations
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from tests.pace import worktime


def letter(message_id: str, *references: str, time: float = 0, subject: str = "s", key: str = "") -> Threadable:
    return Threadable(key or message_id, message_id, references, time, base_subject(subject), is_answer(subject))


def drawn(roots: list[Container]) -> list[str]:
    """Each conversation as lines: two spaces a level, gaps in brackets."""
    return [
        "  " * depth + (node.letter.key if node.letter else f"({node.message_id})")
        for root in roots
        for node, depth in root.walk()
    ]


def test_answers_are_below_what_they_answer_and_siblings_in_the_order_of_time() -> None:
    letters = [
        letter("c", "a", time=3),
        letter("d", "a", "b", time=4),
        letter("a", time=1),
        letter("b", "a", time=2),
        letter("z", time=0, subject="other"),
    ]
    assert drawn(conversations(letters)) == ["z", "a", "  b", "    d", "  c"]


def test_missing_parents_are_gaps() -> None:
    assert drawn(conversations([letter("d", "a", "b", "c", time=4), letter("a", time=1)])) == [
        "a", "  (b)", "    (c)", "      d",
    ]  # fmt: skip
    assert drawn(conversations([letter("x", "gone", time=1), letter("y", "gone", time=2)])) == [
        "(gone)", "  x", "  y",
    ]  # fmt: skip


def test_references_that_go_round_lose_no_message() -> None:
    round_trip = conversations([letter("a", "b", time=1), letter("b", "a", time=2)])
    assert sorted(each.strip() for each in drawn(round_trip)) == ["a", "b"]
    assert drawn(conversations([letter("a", "a", time=1)])) == ["a"]


def test_two_messages_with_one_id_are_both_there() -> None:
    letters = [letter("a", time=1, key="true"), letter("a", time=2, key="forged"), letter("b", "a", time=3)]
    assert drawn(conversations(letters)) == ["true", "  b", "forged"]


def test_an_answer_that_names_nothing_goes_by_its_subject() -> None:
    letters = [
        letter("a", time=1, subject="Offer"),
        letter("b", time=2, subject="AW: [list] Offer"),
        letter("c", time=3, subject="Offer"),
        letter("d", "x", time=4, subject="Re: Offer"),
        letter("e", time=0, subject="Re: Offer"),
    ]
    roots = conversations(letters)
    # The first with the subject is an answer as well: what it answers is not there, but it is the same affair.
    assert drawn(roots) == ["e", "  b", "a", "c", "(x)", "  d"]
    placed = {node.letter.key for root in roots for node, _ in root.walk() if node.letter and node.by_subject}
    assert placed == {"b"}


IDS = st.sampled_from([f"m{number}" for number in range(12)])
LETTERS = st.lists(
    st.builds(
        lambda key, message_id, references, moment, subject: Threadable(
            str(key), message_id, tuple(references), moment, base_subject(subject), is_answer(subject)
        ),
        st.uuids(),
        IDS,
        st.lists(IDS, max_size=6),
        st.floats(0, 100),
        st.sampled_from(["", "Re: a", "a", "b", "Re: b"]),
    ),
    max_size=25,
)


@given(LETTERS)
def test_every_message_is_there_once_whatever_the_references(letters: list[Threadable]) -> None:
    roots = conversations(letters)
    nodes = [node for root in roots for node, _ in root.walk()]
    assert sorted(node.letter.key for node in nodes if node.letter) == sorted(each.key for each in letters)
    assert len(nodes) == len(set(nodes))
    for node in nodes:
        assert all(child.parent is node for child in node.children)
        assert node.parent is None or node in node.parent.children
        assert node.letter or node.children, "a gap stands for something below it"
        begins = [min(each.letter.time for each, _ in child.walk() if each.letter) for child in node.children]
        assert begins == sorted(begins)


def test_thousands_of_hostile_references_take_no_time() -> None:
    chain = [f"x{number}" for number in range(1_000)]
    letters = [letter(f"m{number}", *chain[number % 7 :], f"m{number - 1}", time=number) for number in range(1_000)]
    with worktime() as taken:
        roots = conversations(letters)
    assert len([each for root in roots for each, _ in root.walk() if each.letter]) == 1_000
    assert taken.seconds < 5


def test_subjects_without_what_answering_adds() -> None:
    for value, base, answer in (
        ("Re: Offer", "Offer", True),
        ("RE: Re[2]: Fwd: Offer", "Offer", True),
        ("AW: WG: Angebot", "Angebot", True),
        ("[list] Re: [PATCH 1/2] fix: it", "fix: it", True),
        ("回复：报价", "报价", True),
        ("Sv: Odp: RV: x (fwd)", "x", True),
        ("Research: results", "Research: results", False),
        ("Re:", "Re:", True),
        ("[list]", "[list]", False),
        ("=?utf-8?q?Re=3A_caf=C3=A9?=", "café", True),
        ("", "", False),
        ("  two\n\t lines ", "two lines", False),
    ):
        assert (base_subject(value), is_answer(value)) == (base, answer), value
