"""HTML that hides text from a reader must not show it to a model, and honest HTML must keep all of its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_archive_tools.mime.html.reader import read_html

INVALID = {
    "display": ("none", "x"),
    "visibility": ("hidden", "none"),
    "font-size": ("0", "16 px"),
    "opacity": ("0", "1px"),
    "color": ("white", "whit"),
    "text-indent": ("-9999px", "1 1"),
    "max-height": ("0;overflow:hidden", "auto"),
    "left": ("-9999px;position:absolute", "x"),
    "clip-path": ("inset(50%)", "inset()"),
    "transform": ("scale(0)", "scale(1px)"),
}
"""A value that hides, and one that the property does not take, so that a browser drops it."""

HIDDEN = {
    **{
        f"{name}, then an invalid one": f'<p style="{name}:{hides};{name}:{invalid}">CANARY</p>'
        for name, (hides, invalid) in INVALID.items()
    },
    **{
        f"{name}, then an invalid one, in a rule": (
            f"<style>.c{{{name}:{hides};{name}:{invalid}}}</style><p class=c>CANARY</p>"
        )
        for name, (hides, invalid) in INVALID.items()
    },
    "media, not print": "<style>@media not print{.c{display:none}}</style><p class=c>CANARY</p>",
    "has": "<style>div:has(> p){display:none}</style><div><p>CANARY</p></div>",
    "an escaped class": r"<style>.a\:b{display:none}</style><p class='a:b'>CANARY</p>",
    "language": "<style>:lang(en){display:none}</style><div lang=en-GB>CANARY</div>",
    "a mixed colour": '<p style="color:color-mix(in srgb, white 100%, black)">CANARY</p>',
    "a colour for light pages": '<p style="color:light-dark(white, black)">CANARY</p>',
    "a linear colour": '<p style="color:color(srgb-linear 1 1 1)">CANARY</p>',
    "a field without a size": '<textarea style="width:0;height:0">CANARY</textarea>',
    "a table that inherits white": '<div style="color:white"><table style="color:inherit"><tr><td>CANARY</table></div>',
    "drawn text behind another": "<svg height=50><text y=20>x</text><text y=900>CANARY</text></svg>",
    "drawn text without fill": "<svg width=200 height=50><text y=20 fill=none>CANARY</text></svg>",
    "slate on slate": '<div style="background:#2f4f4f"><p style="color:darkslategray">CANARY</p></div>',
    "antique on antique": '<table bgcolor="#faebd7"><tr><td><font color="antiquewhite">CANARY</font></table>',
    "papaya on papaya": "<style>.c{color:papayawhip;background:#ffefd5}</style><p class=c>CANARY</p>",
    "display none": '<p style="display:none">CANARY</p>',
    "display none, important": '<p style="display : none ! important">CANARY</p>',
    "display none, upper case": '<P STYLE="DISPLAY:NONE">CANARY</P>',
    "display none, with a comment": '<p style="display:/**/none">CANARY</p>',
    "display none, escaped": r'<p style="d\69splay:n\6f ne">CANARY</p>',
    "display none, entities": '<p style="&#100;isplay&#58;none">CANARY</p>',
    "display none after another": '<p style="display:block;display:none">CANARY</p>',
    "display none on an ancestor": '<div style="display:none"><table><tr><td><b>CANARY</b></td></tr></table></div>',
    "visibility hidden": '<p style="visibility:hidden">CANARY</p>',
    "visibility collapse": '<p style="visibility:collapse">CANARY</p>',
    "opacity 0": '<p style="opacity:0">CANARY</p>',
    "opacity near 0": '<p style="opacity:.01">CANARY</p>',
    "opacity 0%": '<p style="opacity:0%">CANARY</p>',
    "filter": '<p style="filter:opacity(0)">CANARY</p>',
    "font size 0": '<p style="font-size:0">CANARY</p>',
    "font size 1px": '<p style="font-size:1px">CANARY</p>',
    "font size 2px": '<p style="font-size:2px">CANARY</p>',
    "font size in pt": '<p style="font-size:.1pt">CANARY</p>',
    "font size in percent": '<p style="font-size:1%"><span>CANARY</span></p>',
    "font size in em": '<p style="font-size:0.01em">CANARY</p>',
    "font size computed": '<p style="font-size:calc(1px * 0)">CANARY</p>',
    "font shorthand with the largest weight": '<p style="font:16px a;font:1000 0/0 a">CANARY</p>',
    "font shorthand with a slant": '<p style="font:16px a;font:oblique 10deg 0/0 a">CANARY</p>',
    "font shorthand, then one of two weights": '<p style="font:0/0 a;font:bold 700 16px a">CANARY</p>',
    "font shorthand": '<p style="font:0/0 a">CANARY</p>',
    "white on white": '<p style="color:#fff">CANARY</p>',
    "white by name": '<p style="color:white">CANARY</p>',
    "near white": '<p style="color:#fefefe">CANARY</p>',
    "white in rgb()": '<p style="color:rgb(255, 255, 255)">CANARY</p>',
    "white in hsl()": '<p style="color:hsl(0,0%,100%)">CANARY</p>',
    **{
        f"{name}:{hides}, then {invalid}": f'<p style="position:absolute;{name}:{hides};{name}:{invalid}">CANARY</p>'
        for name, hides, invalid in (
            ("display", "none", "run-in"),
            ("display", "none", "flex list-item"),
            ("clip-path", "inset(50%)", "circle(at 2s)"),
            ("clip-path", "inset(50%)", "circle(round 2px)"),
            ("left", "-9999px", "calc(0)"),
            ("clip-path", "inset(50%)", "path(2px)"),
            ("clip-path", "inset(50%)", "shape(0)"),
            ("filter", "opacity(0)", "drop-shadow(1px 1px -1px)"),
        )
    },
    "zero times infinity": '<p style="font-size:calc(infinity * 0px)">CANARY</p>',
    "a fraction of the largest size": '<p style="font-size:1e9px"><i style="font-size:1e-4em">CANARY</i></p>',
    "nothing of what has no end": '<p style="font-size:1e999em"><i style="font-size:0em">CANARY</i></p>',
    "without end of nothing": '<p style="font-size:0"><i style="font-size:1e999em">CANARY</i></p>',
    **{
        f"white, then {invalid}": f'<p style="color:white;color:{invalid}">CANARY</p>'
        for invalid in (
            "rgb(1px 2 3)",
            "rgb(90deg 1 2)",
            "rgb(1 2 3 / 1px)",
            "rgb(from red 1px g b)",
            "lab(0 0 9deg)",
            "lch(1px 2px 3px)",
            "color(xyz 1px 0 0)",
            "hsl(0 9deg 0%)",
            "light-dark(000, red)",
            "color-mix(in srgb, black 20% 30%, black)",
        )
    },
    "colour of the cell": '<table><tr><td bgcolor="#336699"><font color="#336699">CANARY</font></td></tr></table>',
    "colour of an ancestor": '<div style="background:#222"><p><span style="color:#232323">CANARY</span></p></div>',
    "colour of the page": '<body bgcolor="black" text="white"><i style="color:#000000">CANARY</i><p>After.</p></body>',
    "font white": '<font color="white">CANARY</font>',
    "font white without #": '<font color="ffffff">CANARY</font>',
    "transparent": '<p style="color:transparent">CANARY</p>',
    "transparent by alpha": '<p style="color:rgba(0,0,0,0)">CANARY</p>',
    "transparent by hex": '<p style="color:#00000000">CANARY</p>',
    "text fill": '<p style="-webkit-text-fill-color:transparent">CANARY</p>',
    "far left": '<div style="position:absolute;left:-9999px">CANARY</div>',
    "far up": '<div style="position:fixed;top:-5000px">CANARY</div>',
    "far left in vw": '<div style="position:absolute;left:-100vw">CANARY</div>',
    "far right": '<div style="position:absolute;right:-9999px">CANARY</div>',
    "indented": '<p style="text-indent:-9999px">CANARY</p>',
    "margin": '<p style="margin-left:-9999px">CANARY</p>',
    "translated": '<p style="transform:translate(-9999px, 0)">CANARY</p>',
    "translateX": '<p style="transform:translateX(-200vw)">CANARY</p>',
    "scaled to nothing": '<p style="transform:scale(0)">CANARY</p>',
    "scale property": '<p style="scale:0">CANARY</p>',
    "on edge": '<p style="transform:rotateY(90deg)">CANARY</p>',
    "clip": '<div style="position:absolute;clip:rect(0 0 0 0)">CANARY</div>',
    "clip, one pixel": '<div style="position:absolute;clip:rect(1px,1px,1px,1px);width:1px">CANARY</div>',
    "clip-path inset": '<p style="clip-path:inset(50%)">CANARY</p>',
    "clip-path circle": '<p style="clip-path:circle(0)">CANARY</p>',
    "clip-path polygon": '<p style="clip-path:polygon(0 0, 0 0, 0 0)">CANARY</p>',
    "no height": '<div style="height:0;overflow:hidden">CANARY</div>',
    "no max-height": '<div style="max-height:0px; overflow:hidden">CANARY</div>',
    "no width": '<div style="width:0;overflow:hidden;white-space:nowrap">CANARY</div>',
    "one pixel box": '<div style="width:1px;height:1px;overflow:hidden">CANARY</div>',
    "no box, inline": '<span style="display:inline-block;width:0;overflow:hidden">CANARY</span>',
    "no line height": '<div style="line-height:0;overflow:hidden">CANARY</div>',
    "hidden": "<p hidden>CANARY</p>",
    "hidden until found": '<p hidden="until-found">CANARY</p>',
    "content-visibility": '<div style="content-visibility:hidden">CANARY</div>',
    "mask": '<p style="mask-image:linear-gradient(transparent,transparent)">CANARY</p>',
    "template": "<template><p>CANARY</p></template>",
    "noscript": "<noscript><p>CANARY</p></noscript>",
    "comment": "<!-- CANARY -->",
    "conditional comment": "<!--[if mso]><p>CANARY</p><![endif]-->",
    "style": "<style>p { content: 'CANARY' }</style>",
    "script": "<script>var x = 'CANARY'</script>",
    "title": "<html><head><title>CANARY</title></head><body>x</body></html>",
    "meta": '<meta name="description" content="CANARY">',
    "attributes": '<p title="CANARY" aria-label="CANARY" data-x="CANARY">x</p>',
    "input hidden": '<input type="hidden" value="CANARY">',
    "alt of a pixel": '<img src="x" width="1" height="1" alt="CANARY">',
    "alt of a hidden image": '<img src="x" style="display:none" alt="CANARY">',
    "iframe": '<iframe srcdoc="CANARY">CANARY</iframe>',
    "object": '<object data="x">CANARY</object>',
    "video": "<video>CANARY</video>",
    "canvas": "<canvas>CANARY</canvas>",
    "noframes": "<noframes>CANARY</noframes>",
    "datalist": "<datalist><option>CANARY</option></datalist>",
    "details": "<details><summary>more</summary>CANARY</details>",
    "dialog": "<dialog>CANARY</dialog>",
    "svg description": "<svg><desc>CANARY</desc><title>CANARY</title></svg>",
    "ruby parenthesis": "<ruby>x<rp>CANARY</rp></ruby>",
    "marquee": '<marquee width="0" height="0">CANARY</marquee>',
    "class": "<style>.x { display:none }</style><p class='a x'>CANARY</p>",
    "class, several rules": "<style>.y,.x{color:red}.x{opacity:0}</style><p class=x>CANARY</p>",
    "id": "<style>#x { visibility:hidden }</style><p id=x>CANARY</p>",
    "tag": "<style>em { font-size:0 }</style><em>CANARY</em>",
    "tag and class": "<style>p.x{display:none}</style><p class=x>CANARY</p>",
    "descendant": "<style>.a .b { display:none }</style><div class=a><p><i class=b>CANARY</i></p></div>",
    "child": "<style>div > span { display:none }</style><div><span>CANARY</span></div>",
    "attribute selector": '<style>[data-x="1"] { display:none }</style><p data-x="1">CANARY</p>',
    "nth-child": "<style>i:nth-child(2) { display:none }</style><p><i>x</i><i>CANARY</i></p>",
    "not": "<style>i:not(.shown) { display:none }</style><i>CANARY</i>",
    "media screen": "<style>@media screen { .x { display:none } }</style><p class=x>CANARY</p>",
    "supports": "<style>@supports (display:block) { .x { display:none } }</style><p class=x>CANARY</p>",
    "important in a sheet": '<style>.x{display:none!important}</style><p class=x style="display:block">CANARY</p>',
    "escaped selector": r"<style>.\78 { display:none }</style><p class=x>CANARY</p>",
    "variable": '<div style="--v:none"><p style="display:var(--v)">CANARY</p></div>',
    "variable of the root": "<style>:root{--v:0}</style><p style='opacity:var(--v)'>CANARY</p>",
    "variable's fallback": '<p style="display:var(--undefined, none)">CANARY</p>',
    "sheet in the body": "<p class=x>CANARY</p><style>.x{display:none}</style>",
    "everything": "<style>* { color:white } p { color:black }</style><i>CANARY</i>",
    "inherited colour": '<div style="color:#fff"><p><b><i>CANARY</i></b></p></div>',
    "colour of the body's text": '<body text="#ffffff"><i>CANARY</i><p style="color:#000">After.</p></body>',
    "white in modern rgb()": '<p style="color:rgb(255 255 255 / 1)">CANARY</p>',
    "white in oklch()": '<p style="color:oklch(100% 0 0)">CANARY</p>',
    "white in color()": '<p style="color:color(srgb 1 1 1)">CANARY</p>',
    "colour of a gradient": '<p style="background:linear-gradient(#123,#123);color:#123">CANARY</p>',
    "indented by the whole width": '<p style="text-indent:100%;overflow:hidden;white-space:nowrap">CANARY</p>',
    "margin to the right": '<p style="margin-left:9999px">CANARY</p>',
    "back turned": '<p style="transform:rotateY(180deg);backface-visibility:hidden">CANARY</p>',
    "skewed": '<p style="transform:skew(90deg)">CANARY</p>',
    "table column": '<div style="display:table-column">CANARY</div>',
    "opacity computed": '<p style="opacity:calc(1 - 1)">CANARY</p>',
    "three pixels": '<div style="height:3px;overflow:hidden">CANARY</div>',
    "popover": "<div popover>CANARY</div>",
    "svg attribute": '<svg><text opacity="0">CANARY</text></svg>',
    "svg fill": '<svg><text fill="none">CANARY</text></svg>',
    "phantom": "<math><mphantom><mtext>CANARY</mtext></mphantom></math>",
    "annotation": "<math><semantics><mi>x</mi><annotation>CANARY</annotation></semantics></math>",
    "nested rule": "<style>.a { .x { display:none } }</style><div class=a><i class=x>CANARY</i></div>",
    "nested rule with &": "<style>i { &.x { display:none } }</style><i class=x>CANARY</i>",
    "not in a state": "<style>i:not(:hover) { display:none }</style><i>CANARY</i>",
    "link": "<style>a:link { display:none }</style><a href='https://x.example'>CANARY</a>",
    "blurred": '<p style="filter:blur(40px)">CANARY</p>',
    "squeezed": '<p style="letter-spacing:-2em">CANARY</p>',
}


@pytest.mark.parametrize("technique", HIDDEN)
def test_hidden_text_is_left_out_and_counted(technique: str) -> None:
    html = HIDDEN[technique]
    read = read_html(html if html.startswith("<body") else f"<p>Before.</p>{html}<p>After.</p>")
    assert "CANARY" not in read.text
    assert "After." in read.text
    uncounted = (
        "template",
        "comment",
        "conditional comment",
        "style",
        "script",
        "title",
        "meta",
        "attributes",
        "input hidden",
        "iframe",
        "svg description",
    )
    if technique not in uncounted:
        assert sum(read.hidden.values()) >= 1


def test_depth_does_not_uncover_what_is_hidden() -> None:
    read = read_html('<p style="display:none">' + "<b>" * 3_000 + "CANARY")
    assert "CANARY" not in read.text
    assert read.cut is not None and "deeper" in read.cut


SEEN = {
    "a plain paragraph": "<p>SEEN</p>",
    "visible inside hidden": '<div style="visibility:hidden"><p style="visibility:visible">SEEN</p></div>',
    "a later rule": '<p style="display:none;display:block">SEEN</p>',
    "a stronger rule": "<style>#a{display:block} p{display:none}</style><p id=a>SEEN</p>",
    "a rule for print": "<style>@media print { p { display:none } }</style><p>SEEN</p>",
    "a rule for phones": "<style>@media only screen and (max-width:480px) { p { display:none } }</style><p>SEEN</p>",
    "a rule that is none": '<p style="display:none !ie">SEEN</p>',
    "a state": "<style>p:hover { display:none }</style><p>SEEN</p>",
    "white on dark": '<table bgcolor="#003366"><tr><td><font color="#ffffff">SEEN</font></td></tr></table>',
    "white on a picture": '<table><td background="x.png"><font color=white>SEEN</font></td></table>',
    "white on a gradient": '<div style="background:linear-gradient(red,blue);color:#fff">SEEN</div>',
    "white on a dark class": "<style>.d{background-color:#111}.w{color:#fff}</style><p class=d><b class=w>SEEN</b></p>",
    "a length in a colour": '<p style="color:lch(1px 2px 3px)">SEEN</p>',
    "a hue without end": '<p style="color:hwb(calc(infinity) 0% 50%)">SEEN</p>',
    "a filter of another file": '<p style="filter:opacity(0);filter:url(-5)">SEEN</p>',
    "a weight that is worked out": '<p style="font:0/0 a;font:calc(0) 16px a">SEEN</p>',
    "a clip-path that is drawn": "<p style='clip-path:inset(50%);clip-path:path(evenodd,\"M0 0H90V90H0Z\")'>SEEN</p>",
    "a line height without a unit": '<p style="line-height:0;line-height:calc(1.5)">SEEN</p>',
    "a large hue": '<p style="color:hwb(1e999 0% 50%)">SEEN</p>',
    "an angle for a hue": '<p style="background:#000;color:oklch(1 0 90deg)">SEEN</p>',
    "a resolution that is no number": "<style>@media (resolution:1.2.3dpi){p{color:#fff}}</style><p>SEEN</p>",
    "a button": '<a href="https://x.example" style="background:#0a0;color:#fff">SEEN</a>',
    "a link in white text": '<div style="color:#fff"><a href="https://x.example/">SEEN</a></div>',
    "no height, but nothing clips": '<div style="height:0">SEEN</div>',
    "width of a span": '<span style="width:0;overflow:hidden">SEEN</span>',
    "size set anew": '<div style="font-size:0"><span style="font-size:14px">SEEN</span></div>',
    "a table in quirks mode": '<div style="font-size:0"><table><tr><td>SEEN</td></tr></table></div>',
    "a footer in three pixels": '<p style="font-size:3px">SEEN</p>',
    "small print": '<p style="font-size:8px">SEEN</p>',
    "grey": '<p style="color:#999">SEEN</p>',
    "half transparent": '<p style="opacity:.5">SEEN</p>',
    "moved a little": '<p style="position:relative;left:-3px;top:2px">SEEN</p>',
    "turned": '<p style="transform:rotate(90deg)">SEEN</p>',
    "clip-path that keeps": '<p style="clip-path:inset(0 0 10% 0)">SEEN</p>',
    "open details": "<details open><summary>x</summary>SEEN</details>",
    "a summary": "<details><summary>SEEN</summary>x</details>",
    "a choice": "<select><option>b<option>SEEN</select>",
    "a rule in a rule": "<style>p { .x { display:none } }</style><p>SEEN</p>",
    "a gradient": '<p style="background:linear-gradient(#fff,#000);color:#fff">SEEN</p>',
    "svg": "<svg><text y=20>SEEN</text></svg>",
    "a slope": '<p style="transform:skewY(2deg)">SEEN</p>',
    "pre": "<pre>SEEN</pre>",
    "in an unknown element": "<o:p>SEEN</o:p>",
    "a downlevel-revealed comment": "<![if !mso]><p>SEEN</p><![endif]>",
    "centred by offsets": '<div style="position:absolute;left:50%;top:50%">SEEN</div>',
}


@pytest.mark.parametrize("markup", SEEN)
def test_text_that_a_reader_sees_stays(markup: str) -> None:
    assert "SEEN" in read_html(f"<p>Before.</p>{SEEN[markup]}<p>After.</p>").text


PROPERTIES = (
    "display visibility opacity font font-size color background background-color background-image position left top "
    "clip clip-path transform scale rotate translate filter mask zoom width height max-height overflow line-height "
    "margin text-indent letter-spacing z-index --v white-space"
).split()
VALUES = st.one_of(
    st.sampled_from(
        "none hidden 0 -0 1e9 1e999 nan inf .5 1.2.3 . - % 50% calc(1px - 1px) calc( calc() var(--v) var(--v,1) "
        "rgb(1,2,3) rgb(-1,300,1.2.3) hsl(1e9,200%,-5%) hsl(nan,1,1) hwb(0 200% 200%) rgba(0,0,0,-5) lab(1.2.3) "
        "color(srgb 9 9 9) #12345 #ffffffff inset(1.2.3%) inset() circle() polygon(1 2) rect(1,2) scale() scale(a) "
        "matrix(1,2,3) matrix(0,0,0,0,0,0) translate(-) blur(x) url( linear-gradient(#fff,#fff) 0/0 min()".split()
    ),
    st.text(alphabet="0123456789.-+%e()#,:!*/ \\\"'ax", max_size=12),
)


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PROPERTIES), VALUES), max_size=4), st.booleans())
def test_no_style_raises(declared: list[tuple[str, str]], in_a_sheet: bool) -> None:
    style = ";".join(f"{name}:{value}" for name, value in declared)
    if in_a_sheet:
        read_html(f"<style>p{{{style}}} p > i{{{style}}}</style><p>x<i>y</i></p>")
    else:
        read_html(f"<p style='{style.replace(chr(39), chr(34))}'>x<i style='color:red'>y</i></p>")


@given(st.text(alphabet="a.#>+~ *:,()[]{}@;\"'\\!-0123456789pinothcd", max_size=60))
def test_no_sheet_raises(sheet: str) -> None:
    read_html(f"<style>{sheet}</style><p class=a id=b>x<i>y</i></p>")
