"""Address fields made safe to show, with every visible character of their addresses: who is written to is evidence.

An address such as `<s/x@a.example>` looks like an element of HTML. Where a program reads it, it stays whole; the text
of an answer breaks it up, and says so (`answers/rendering/base.py`). A display name is anybody's text, and is broken up
as all of it is. So is an address in quotation marks, in which any sentence may stand (RFC 5321, 4.1.2).
"""

import re

from mail_archive_tools.untrusted import acting, broken_up, visible_line

# RFC 5322's atext and RFC 6531's letters; none of what has a meaning around an address, in whatever form it is written.
_LOCAL_PART = r"[^\s\"(),:;<>@\[\]\\＂（），：；＜＞＠［］＼﹤﹥﹫]{1,255}"
_DOMAIN = r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\d.]+\]|\[IPv6:[\da-fA-F:.]+\])"
_ADDRESS = rf"<{_LOCAL_PART}@{_DOMAIN}>"
# What is said of a mailbox stands behind it.
_AT_THE_END = re.compile(rf"({_ADDRESS})(?: \(in Unicode: [^()<>]*\))?(?: \(of group [^()<>]*\))?\s*$")
# What a quoted name or a comment shows is no address.
# Each part of it reads on to its end or to the field's, so that the time is linear.
_IN_A_LIST = re.compile(rf'"(?:[^"\\]|\\.)*+"?|\([^()]*+\)?|({_ADDRESS})(?=\s*(?:\([^()]*+\)\s*)?(?:[,;]|$))')


def clean_mailbox(text: str) -> str:
    """One mailbox, `Name <address>` or an address alone, cleaned as `clean_line` does; its address is whole."""
    return _broken_up_around(visible_line(text), _AT_THE_END)


def clean_mailboxes(text: str) -> str:
    """An address field, decoded, cleaned as `clean_line` does; the addresses in it are whole."""
    return _broken_up_around(visible_line(text), _IN_A_LIST)


def _broken_up_around(line: str, addresses: re.Pattern[str]) -> str:
    places = acting(line)
    if not places:
        return line

    for address in addresses.finditer(line):
        if address.group(1):
            # Not within an address: who is written to is to be seen whole.
            start, end = address.span(1)
            places = [place for place in places if not start < place < end]
    return broken_up(line, places)
