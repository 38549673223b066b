"""What is hidden by styles, beside what Chromium paints: the reader shows a text if and only if a browser does."""

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mail_archive_tools.mime.css.colours.names import COLOUR_NAMES
from mail_archive_tools.mime.css.values import PROPERTY_TESTS, is_valid
from mail_archive_tools.mime.html.reader import read_html
from tests.tools.mime.html.painting import BROWSER, Browser, browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

WORD = "CANARY"
OF_THE_SYSTEM = ("canvas", "canvastext", "window", "windowtext", "buttonface")
PROPERTIES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "display": (["none"], ["block", "inline-block", "flex", "inline flow-root"], ["x", "none block", "blok", "none x"]),
    "visibility": (["hidden"], ["visible"], ["none", "hiden", "0"]),
    "opacity": (["0", "0%", "0.0", "calc(1 - 1)", "-1"], ["1", "100%", "calc(0.5 + .5)", "7"], ["x", "0px", "1 1"]),
    "font-size": (
        ["0", "0px", "0%", "calc(1px * 0)"],
        ["16px", "1em", "large", "max(12px, 1em)", "150%"],
        ["x", "-1px", "16 px", "16px 1px", "1.px", "calc(1px + 1)"],
    ),
    "color": (
        ["white", "#fff", "#ffffff", "rgb(255,255,255)", "hsl(0 0% 100%)", "transparent", "rgba(0,0,0,0)", "#0000",
         "color-mix(in srgb, white 100%, black)", "light-dark(white, black)", "color(srgb 1 1 1)", "oklab(1 0 0)",
         "color(srgb-linear 1 1 1)"],
        ["black", "#000", "#000000ff", "rgb(0 0 0 / 100%)", "hsl(0,0%,0%)", "maroon", "rebeccapurple"],
        ["whit", "#ff", "#fffff", "rgb(255,255)", "rgb(x)", "0", "hsl(0,0,0)", "white black", "lab(x)"],
    ),
    "text-indent": (["-9999px", "-500em"], ["0", "2em", "10%"], ["x", "1", "0 0", "-9999 px"]),
    "margin-left": (["-9999px"], ["0", "auto", "3px"], ["x", "1", "1px 1px"]),
    "transform": (
        ["scale(0)", "translate(-9999px)", "translateX(-9999px) scale(1)", "matrix(0,0,0,0,0,0)", "rotateY(90deg)"],
        ["none", "scale(1)", "translate(0)", "rotate(0deg)"],
        ["x", "scale()", "scale(1px)", "translate(1,1)", "scale(0) x", "rotate(90)", "matrix(1,0,0)"],
    ),
    "clip-path": (
        ["inset(50%)", "circle(0)", "polygon(0 0, 0 0, 0 0)"],
        ["none", "inset(0)", "circle(100%)", "border-box"],
        ["x", "inset()", "circle(x)", "inset(50% 50% 50% 50% 50%)", "polygon(1)"],
    ),
    "-webkit-text-fill-color": (["transparent", "white"], ["currentcolor", "black"], ["x", "0"]),
    "content-visibility": (["hidden"], ["visible"], ["x", "none"]),
    "filter": (["opacity(0)"], ["none", "opacity(1)", "blur(0)"], ["x", "opacity(x)", "opacity(0) x"]),
    "zoom": ([], ["1", "100%", "normal"], ["x", "1px"]),
}  # fmt: skip
PAIRS = {
    "position:absolute;left:{}": (["-9999px", "-500em"], ["0", "auto", "3px"], ["x", "-9999", "1px 1px"]),
    "position:absolute;top:{}": (["-9999px"], ["0", "auto"], ["x", "1"]),
    "overflow:hidden;max-height:{}": (["0", "0px", "calc(0px)"], ["none", "9em"], ["x", "auto", "-1px", "99"]),
    "overflow:hidden;height:{}": (["0"], ["auto", "3em", "min-content"], ["x", "none", "-1em"]),
    "overflow:hidden;width:{};white-space:nowrap": (["0"], ["auto", "9em"], ["x", "-1em"]),
}
"""What hides only together with another declaration."""

WAYS = (
    '<p style="{0};{1}">CANARY</p>',
    '<style>.c{{{0};{1}}}</style><p class=c>CANARY</p>',
    '<style>.c{{{0}}} .c{{{1}}}</style><p class=c>CANARY</p>',
    '<style>.c{{{0}}}</style><p class=c style="{1}">CANARY</p>',
    '<style>p{{{1}}} p.c{{{0}}}</style><p class=c>CANARY</p>',
    '<style>.c{{{0}!important}}</style><p class=c style="{1}">CANARY</p>',
    '<p style="{0}!important;{1}">CANARY</p>',
    '<p style="{0};*{1}">CANARY</p>',
    '<p style="{0};/**/{1};">CANARY</p>',
    '<style>@media not print{{.c{{{0}}}}} @media (width < 5px){{.c{{{1}}}}}</style><p class=c>CANARY</p>',
    '<style>@media screen and (min-width: 100px){{.c{{{0}}}}} @media print{{.c{{{1}}}}}</style><p class=c>CANARY</p>',
    '<style>@supports (display:block){{.c{{{0}}}}} @supports (display:x){{.c{{{1}}}}}</style><p class=c>CANARY</p>',
    '<style>@supports not (foo:bar){{.c{{{0}}}}} @supports (foo:bar){{.c{{{1}}}}}</style><p class=c>CANARY</p>',
    '<style>div:has(> .d){{{0}}} div:has(.e) p{{{1}}}</style><div><p class=d>CANARY</p></div>',
    '<style>.a\\:b{{{0}}} .a\\:hover{{{1}}}</style><p class="a:b">CANARY</p>',
    '<style>p:lang(en){{{0}}} p:lang(de){{{1}}}</style><div lang=en-GB><p>CANARY</p></div>',
    '<style>p:not(div p){{{0}}} div p:is(section p){{{1}}}</style><p>CANARY</p>',
    '<style>:is(div, p).c{{{0}}} p:where(#i){{{1}}}</style><p class=c id=i>CANARY</p>',
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def shows(document: str) -> bool:
    read = read_html(document)
    shown = WORD in read.text
    assert shown is not bool(read.hidden), (document, read)
    return shown


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A word under two values of one property, either of which may hide it, show it, or be none that it takes."""
    templates = {f"{name}:{{}}": values for name, values in PROPERTIES.items()} | PAIRS
    template = draw(st.sampled_from(sorted(templates)))
    hiding, showing, invalid = templates[template]
    values = [
        draw(st.sampled_from(draw(st.sampled_from([each for each in (hiding, showing, invalid) if each]))))
        for _ in "12"
    ]
    doctype = draw(st.sampled_from(["<!doctype html>", ""]))
    way = draw(st.sampled_from(WAYS))
    return doctype + way.format(*(template.format(value) for value in values))


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(documents())
def test_a_text_is_shown_if_and_only_if_a_browser_paints_it(chromium: Browser, document: str) -> None:
    assert shows(document) is chromium.paints(document, WORD), document


CLIPPING = ("", "position:relative", "transform:translate(0)", "filter:none", "contain:layout")
BETWEEN = ("", "position:relative")
PLACED = ("position:absolute", "position:fixed", "position:relative", "float:left", "position:absolute;height:0")


@pytest.mark.parametrize("clipping", CLIPPING)
def test_what_is_placed_out_of_a_box_is_not_clipped_by_it(chromium: Browser, clipping: str) -> None:
    for between in BETWEEN:
        for placed in PLACED:
            box = f'<div style="overflow:hidden;height:0;{clipping}">'
            document = f'<!doctype html>{box}<div style="{between}"><p style="{placed}">CANARY</p></div></div>'
            assert shows(document) is chromium.paints(document, WORD), document


OLD = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"'
IN_WHITE = '<div style="color:white"><table><tr><td>CANARY</table></div>'


IN_A_ROW = (
    "font-size:0", "font-size:16px", "font:16px a", "font:0/0 a", "font:16px", "font:caption", "font-size:inherit",
    "font-size:initial", "all:unset", "all:initial", "all:x", "display:none", "display:block", "display:initial",
    "overflow:hidden;max-height:0", "overflow:visible", "overflow-x:visible;overflow-y:visible", "max-block-size:9em",
    "background:black", "background:x", "background-color:black", "background:none", "background-color:transparent",
    "color:white", "color:black", "color:initial", "color:inherit", "color:currentcolor", "color:var(--a)",
    "margin:-9999px", "margin:0 0 0 -9999px", "margin:0", "margin-left:0", "margin-inline-start:-9999px",
    "position:absolute", "inset:0 0 0 -9999px", "left:0", "left:auto", "inset-inline-start:-9999px",
    "-webkit-transform:scale(0)", "transform:scale(0)", "transform:none", "-webkit-clip-path:inset(50%)",
    "clip-path:none", "-webkit-filter:opacity(0)", "filter:none", "filter:x", "mask:none", "mask:x",
    "mask-image:linear-gradient(transparent,transparent)", "visibility:hidden", "visibility:inherit",
    "visibility:initial", "opacity:var(--b)", "opacity:0", "opacity:1", "opacity:abs(x)", "opacity:max(0,1)",
    "display:var(x)", "display:var(--c)", "display:abs(1)", "font-size:var(--b)", "font:var(--d)", "--a:white", "--a:x",
    "--b:0", "--b:16px", "--c:none", "--c:block", "--d:0/0 a", "--d:16px a",
)  # fmt: skip
"""Declarations of which one hides, shows, or takes back what another did."""

IN_LINE = ("all:", "display:")
"""What may make a block stand in a line: blocks in such lines are taken for blocks of their own."""


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from([each for each in IN_A_ROW if not each.startswith(IN_LINE)]), min_size=2, max_size=5),
    st.lists(st.sampled_from(IN_A_ROW), max_size=3),
    st.sampled_from(["", "!important"]),
)
@example(["font-size:0", "font:0/0 a"], ["font-size:16px", "background:black"], "")
@example(["font:16px a"], ["line-height:0", "background:black", "color:white"], "")
@example(["line-height:0"], ["background:black", "padding:9px"], "")
def test_declarations_in_a_row_come_to_what_a_browser_makes_of_them(
    chromium: Browser, outer: list[str], inner: list[str], important: str
) -> None:
    rule = ";".join(f"{each}{important}" for each in outer[:1]) + ";" + ";".join(outer[1:])
    text = f'<p style="{";".join(inner)}">&nbsp;CANARY&nbsp;</p>'
    document = f"<!doctype html><style>.c{{{rule}}}</style><div class=c>x{text}</div>"
    assert (WORD in read_html(document).text) is chromium.paints(document, WORD), document


NUMBERS = "0 1 -1 0.5 .5 +2 1e3 0px 1px -9999px 1em 5% 100% 90deg 1turn x px 50 2s".split()
COLOURS = (
    "white", "#fff", "#ff", "transparent", "currentcolor", "rgb(1,2,3)", "rgb(1 2 3)", "hsl(0 0% 0%)", "hsl(0,0,0)",
    "color(srgb 1 1 1)", "color-mix(in srgb, red, blue 20%)", "color-mix(in x, red, blue)", "whit", "rgb(1%,2,3)",
    "lab(50% 0 0)", "light-dark(red,blue)", "light-dark(red)", "rgb(from red r g b)", "rgb(from x r g b)",
)  # fmt: skip
FUNCTIONS = (
    "calc(1px + 1px)", "calc(1px+1px)", "calc(1px * 1px)", "min(1px,2%)", "clamp(1px,2px,3px)", "abs(-1px)", "abs(x)",
    "round(up,1.5,1)", "sin(45deg)", "calc(pi)", "calc()", "url(x)", "linear-gradient(red,blue)", "linear-gradient(x)",
    "radial-gradient(circle at center, red, blue)", "scale(1)", "scale(1px)", "translate(1px,2%)", "translate(1)",
    "rotate(1deg)", "rotate(1)", "matrix(1,0,0,1,0,0)", "blur(1px)", "opacity(50%)", "brightness(-1)",
    "drop-shadow(1px 1px red)", "drop-shadow(1px)", "inset(1px round 2px)", "circle(1px at center)", "ellipse(1px)",
    "polygon(evenodd, 0 0, 1px 1px)", "rect(0,0,0,0)", "var(--a)", "var(a)", "env(a)", "env()", "foo(1)",
)  # fmt: skip
WORDS = (
    "none auto inherit initial unset revert normal hidden visible collapse block inline flex table static absolute "
    "fixed sticky scroll clip strict paint pre nowrap center left top repeat cover border-box text small larger bold "
    "serif hanging list-item flow-root min-content fit-content caption / ,"
).split()


def test_a_value_is_valid_if_and_only_if_a_browser_supports_it(chromium: Browser) -> None:
    """Thousands of values for each property that is looked at, of one to four words."""
    chance = random.Random(1)
    kinds = (NUMBERS, NUMBERS, COLOURS, FUNCTIONS, WORDS, WORDS)
    pairs = [(name, each) for name in PROPERTY_TESTS for kind in kinds[1:5] for each in kind]
    for name in PROPERTY_TESTS:
        for count in (2, 2, 3, 4) * 20:
            pairs.append((name, " ".join(chance.choice(chance.choice(kinds)) for _ in range(count))))
    theirs = chromium.says(f"{json.dumps(pairs)}.map(([name, value]) => CSS.supports(name, value))")
    different = [pair for pair, other in zip(pairs, theirs, strict=True) if is_valid(*pair) is not other]
    assert len(pairs) > 9_000
    # What is left is about shorthands of masks, and turns that the browser takes without an axis.
    assert [pair for pair in different if "mask" not in pair[0] and pair[0] != "rotate"] == []
    assert len(different) < 30


def test_the_named_colours_are_those_of_a_browser(chromium: Browser) -> None:
    names = [name for name in COLOUR_NAMES if name not in OF_THE_SYSTEM]
    assert len(names) == 148
    script = f"""{json.dumps(names)}.map(name => {{
      document.body.style.color = ''; document.body.style.color = name;
      return getComputedStyle(document.body).color }})"""
    ours = [
        f"rgb({', '.join(str(int(COLOUR_NAMES[name][place : place + 2], 16)) for place in (0, 2, 4))})"
        for name in names
    ]
    assert chromium.says(script) == ours


DOCUMENTS = {
    "a block in a line with a background": '<span style="background:#000"><p style="color:#fff">CANARY</p></span>',
    "a line with a background": '<b><span style="background:#000"><i style="color:#fff">CANARY</i></span></b>',
    "a table in white in quirks mode": IN_WHITE,
    "a table in white": f"<!doctype html>{IN_WHITE}",
    "a table that inherits white": '<div style="color:white"><table style="color:inherit"><tr><td>CANARY</table></div>',
    "an old doctype": f"{OLD}>{IN_WHITE}",
    "the same with its place": f'{OLD} "http://www.w3.org/TR/html4/loose.dtd">{IN_WHITE}',
    "a comment before the doctype": f"<!-- x --><!doctype html>{IN_WHITE}",
    "text fill is inherited": '<div style="-webkit-text-fill-color:white"><p style="color:black">CANARY</p></div>',
    "a field without a size": '<textarea style="width:0;height:0">CANARY</textarea>',
    "a field": "<textarea>CANARY</textarea>",
    "mso-hide": '<p style="mso-hide:all">CANARY</p>',
    "SVG": "<svg width=200 height=50><text y=20>CANARY</text></svg>",
    "SVG in pieces": "<svg height=50><text x=5>x<tspan y=20>CANARY</tspan></text></svg>",
    "SVG in a foreign object": "<svg><foreignObject width=200 height=50><p>CANARY</p></foreignObject></svg>",
    "a button without a size": '<button style="width:0;height:0">CANARY</button>',
    "a narrow field": '<textarea style="width:0">CANARY</textarea>',
    "SVG without a size": "<svg width=0 height=0><text y=20>CANARY</text></svg>",
    "SVG at the upper edge": "<svg width=200 height=50><text>CANARY</text></svg>",
    "SVG moved down": "<svg width=200 height=50><g transform='translate(0,20)'><text>CANARY</text></g></svg>",
    "SVG far left": "<svg width=200 height=50><text x=-900 y=20>CANARY</text></svg>",
    "SVG below": "<svg width=200 height=50><text y=900>CANARY</text></svg>",
    "SVG in white": "<svg width=200 height=50><text y=20 fill=white>CANARY</text></svg>",
    "SVG in white by a rule": "<svg width=200 height=50><style>text{fill:white}</style><text y=20>CANARY</text></svg>",
    "SVG has no colour of text": '<svg width=200 height=50 style="color:white"><text y=20>CANARY</text></svg>',
    "SVG without fill": "<svg width=200 height=50><text y=20 fill=none>CANARY</text></svg>",
    "SVG in tiny letters": "<svg width=200 height=50 viewBox='0 0 100000 100000'><text y=20>CANARY</text></svg>",
    "a colour made from another": '<p style="background:black;color:rgb(from red 255 255 255)">CANARY</p>',
    "an invalid background": '<div style="background:#000;background:x"><p style="color:#fff">CANARY</p></div>',
    "a number for a colour in an old document": "<style>p{color:white} p.c{color:0}</style><p class=c>CANARY</p>",
    "a number for a colour": "<!doctype html><style>p{color:white} p.c{color:0}</style><p class=c>CANARY</p>",
    "out of the flow, beside its black box": (
        '<!doctype html><div style="background:black"><p style="position:absolute">&nbsp;CANARY</p></div>'
    ),
    "white on slate": '<div style="background:#2f4f4f"><p style="color:#fff">CANARY</p></div>',
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_these_are_shown_if_and_only_if_a_browser_paints_them(chromium: Browser, name: str) -> None:
    assert shows(DOCUMENTS[name]) is chromium.paints(DOCUMENTS[name], WORD)
