"""Selectors of style sheets: the parser's own search says what is right, on documents where it comes to an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from mail_archive_tools.mime.css.selectors import Finder
from tests.pace import worktime

PAGE = """<div class=a id=x><p class=b>1<i class=c>2</i><b>3</b></p><p>4<i>5</i></p><ul><li class=a>6<li class=b>7
<ul><li class="a c">8</ul></ul></div><div class=b><p class="a b"><i class=c data-x="y z">9</i></p></div>"""
COMPOUNDS = [
    "div",
    "p",
    "i",
    ".a",
    ".b",
    ".c",
    "li.a",
    "#x",
    "*",
    "ul",
    "i:not(.c)",
    "li:nth-child(2n+1)",
    '[data-x="y z"]',
    "b",
]


def ours(selector: str, html: str = PAGE) -> frozenset[int]:
    tree = LexborHTMLParser(html)
    return frozenset(_place(tree, each) for each in Finder(tree, 50).find(selector))


def theirs(selector: str, html: str = PAGE) -> frozenset[int]:
    tree = LexborHTMLParser(html)
    try:
        return frozenset(_place(tree, node.mem_id) for node in tree.css(selector))
    except SelectolaxError:
        return frozenset()


def _place(tree: LexborHTMLParser, identity: int) -> int:
    assert tree.root is not None
    return [node.mem_id for node in tree.root.traverse()].index(identity)


@given(
    st.lists(
        st.tuples(st.sampled_from(COMPOUNDS), st.sampled_from([" ", ">", " > ", "+", " ~ "])), min_size=1, max_size=5
    )
)
def test_finds_what_the_parser_finds(steps: list[tuple[str, str]]) -> None:
    selector = "".join(compound + combinator for compound, combinator in steps).rstrip(" >+~")
    assert ours(selector) == theirs(selector)


INNER = st.lists(
    st.sampled_from(["p", "i", ".a", ".c", "div p", "li > ul", "p + p", ".b ~ ul"]), min_size=1, max_size=2
)


@given(st.sampled_from(["", "p", "li", "*", ".b"]), st.sampled_from(["is", "not", "where"]), INNER)
def test_finds_what_the_parser_finds_for_selectors_in_selectors(compound: str, name: str, inner: list[str]) -> None:
    selector = f"{compound}:{name}({', '.join(inner)})"
    assert ours(selector) == theirs(selector)


@pytest.mark.parametrize(
    ("selector", "texts"),
    [
        ("p:has(i)", ["123", "45", "9"]),
        ("p:has(> i.c + b)", ["123"]),
        ("p:has(+ p)", ["123"]),
        ("p:has(~ ul .c)", ["123", "45"]),
        ("div:has(p.b > .c)", ["12345678", "9"]),
        ("li:not(:has(ul))", ["6", "8"]),
        ("p:has(.nothing)", []),
        ("i:lang(de)", []),
    ],
)
def test_finds_by_what_is_within(selector: str, texts: list[str]) -> None:
    tree = LexborHTMLParser(PAGE)
    found = Finder(tree, 50).find(selector)
    assert tree.root is not None
    nodes = [node for node in tree.root.traverse() if node.mem_id in found]
    assert ["".join(node.text(deep=True).split()) for node in nodes] == texts


@pytest.mark.parametrize("selector", ["", ">", "a >", "> a", "a > > b", "p:hover(", "[x", "::x", ".a:xyz"])
def test_what_is_no_selector_chooses_nothing(selector: str) -> None:
    assert ours(selector) == frozenset()


@pytest.mark.parametrize(
    ("selector", "html"),
    [
        (".zz div div div div div", "<div>" * 1_900),
        (".zz ~ p ~ p ~ p ~ p", "<p>x" * 5_000),
        ("p:has(~ p ~ p ~ .zz)", "<p>x" * 5_000),
        ("p:is(.zz p p p p)", "<p>x" * 5_000),
        ("p:nth-last-child(2n+1)", "<p>x" * 20_000),
    ],
)
def test_no_selector_takes_long(selector: str, html: str) -> None:
    tree = LexborHTMLParser(html)
    finder = Finder(tree, html.count("<"))
    with worktime() as taken:
        finder.find(selector)
    assert taken.seconds < 1


def test_what_was_not_looked_for_is_noted() -> None:
    finder = Finder(LexborHTMLParser("<p>"), 1)
    finder.find("p:has(i)")
    assert not finder.cut
    finder.find("p:has(i:has(i:has(i:has(i:has(i:has(i))))))")
    assert finder.cut
    finder = Finder(LexborHTMLParser("<p>"), 1_000_000)
    for number in range(10):
        finder.find(f"p .x{number}")
    assert finder.cut
