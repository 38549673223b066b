"""Rules that may hold or not hide nothing, and what CSS decides is decided as CSS does."""

import pytest

from mail_archive_tools.mime.html.reader import read_html

WORDS = "<p>Seen by everybody</p>"
SHOWN = {
    "zoom of nothing": f'<body style="zoom: 0%;">{WORDS}',
    "a tiny zoom": f'<body style="zoom:0.001">{WORDS}',
    "a container of an unknown size": f"<style>@container (min-width:99999px){{p{{display:none}}}}</style>{WORDS}",
    "a scope": f"<style>@scope (.nope){{p{{display:none}}}}</style>{WORDS}",
    "a selector that may be supported": f"<style>@supports selector(:zork(a)){{p{{display:none}}}}</style>{WORDS}",
    "a selector that may be unsupported": f"<style>@supports not selector(a){{p{{display:none}}}}</style>{WORDS}",
    "a group in such a group": f"<style>@container (width>1px){{@media all{{p{{display:none}}}}}}</style>{WORDS}",
    "an early layer": f"<style>@layer a{{body p{{display:none}}}} p{{display:block}}</style>{WORDS}",
    "layers in the order of their names": (
        f"<style>@layer b, a; @layer a{{p{{display:block}}}} @layer b{{body p{{display:none}}}}</style>{WORDS}"
    ),
    "a layer in a layer": (
        f"<style>@layer a{{@layer b{{body p{{display:none}}}} @layer c{{p{{display:block}}}}}}</style>{WORDS}"
    ),
    "what is important in an early layer": (
        f"<style>@layer a{{p{{display:block!important}}}} body p{{display:none!important}}</style>{WORDS}"
    ),
    "a list with what is no selector": f"<style>p,q:zork(1){{display:none}}</style>{WORDS}",
    "a list with an empty member": f"<style>p,,q{{display:none}}</style>{WORDS}",
    "a list with what cannot be parsed": f"<style>p,1x[{{display:none}}</style>{WORDS}",
    "rules two levels deep, for others": f"<style>div{{span{{p{{display:none}}}}}}</style><div>{WORDS}</div>",
    "a rule in a rule that is for others": f"<style>.x{{.y{{p{{display:none}}}}}}</style><div class=y>{WORDS}</div>",
    "an animation to what is seen": (
        f"<style>@keyframes a{{to{{opacity:1}}}} p{{opacity:0;animation:a 1s forwards}}</style>{WORDS}"
    ),
    "an animation by its longhand": f"<style>p{{visibility:hidden;animation-name:a}}</style>{WORDS}",
    "what lies below zero, on a page without a ground": f'<div style="position:relative;z-index:-1">{WORDS}</div>',
    "a page that is moved a little": f'<body style="position:relative;left:-150px">{WORDS}',
    "a margin behind it": f'<div style="margin-right:9999px;margin-bottom:-9999px">{WORDS}</div>',
    "a sticky offset": f'<div style="position:sticky;left:-9999px">{WORDS}</div>',
    "no height, and room below it": f'<div style="height:0;overflow:hidden;padding-bottom:30px">{WORDS}</div>',
    "a shadow of transparent letters": '<p style="color:transparent;text-shadow:0 0 0 #000">Seen by everybody</p>',
    "a stroke of transparent letters": (
        '<p style="color:transparent;-webkit-text-stroke:1px #000">Seen by everybody</p>'
    ),
}
HIDDEN = {
    "two levels deep": f"<style>div{{section{{p{{display:none}}}}}}</style><div><section>{WORDS}</section></div>",
    "three levels deep": f"<style>body{{div{{&{{p{{display:none}}}}}}}}</style><div>{WORDS}</div>",
    "a medium in a rule": f"<style>p{{@media screen{{display:none}}}}</style>{WORDS}",
    "a later layer": f"<style>@layer a{{p{{display:block}}}} @layer b{{p{{display:none}}}}</style>{WORDS}",
    "important in a layer": f"<style>@layer a{{p{{display:none!important}}}} p{{display:block}}</style>{WORDS}",
    "hidden whatever a container is like": (
        f"<style>p{{display:none}} @container (width>9px){{p{{color:red}}}}</style>{WORDS}"
    ),
    "an animation of what is not displayed": f"<style>p{{display:none;animation:a 1s}}</style>{WORDS}",
    "no animation": f"<style>p{{opacity:0;animation:none}}</style>{WORDS}",
    "no shadow": '<p style="color:transparent;text-shadow:none">Seen by everybody</p>',
    "a list of selectors that are known": f"<style>p,a:hover,li:nth-child(2n){{display:none}}</style>{WORDS}",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_not_certainly_hidden_is_seen(name: str) -> None:
    read = read_html(SHOWN[name])
    assert read.text == "Seen by everybody"
    assert not read.hidden


@pytest.mark.parametrize("name", HIDDEN)
def test_what_css_hides_is_hidden(name: str) -> None:
    read = read_html(HIDDEN[name])
    assert read.text == ""
    assert read.hidden.total() == 3


def test_a_closed_part_stays_closed_where_a_rule_is_doubtful() -> None:
    doubtful = "<style>@scope (b){p{color:red}}</style>"
    read = read_html(f"{doubtful}<details><summary>Open me</summary><p>Seen after a click</p></details>")
    assert read.text == "Open me"
    assert read.hidden == {"closed": 4}


def test_rules_in_rules_do_not_grow_without_end() -> None:
    ampersands = "&" * 1_000
    nested = f"{ampersands}{{" * 6 + "display:none" + "}" * 6
    read = read_html(f"<style>p{{{nested}}}</style>{WORDS}")
    assert read.text == "Seen by everybody"
