"""Hostile messages by name, made when they are asked for, and what is done with each.

Run as a program it reads each in a process of its own and prints how much memory and time that took, as JSON.
"""

import base64
import json
import os
from collections.abc import Callable
from typing import get_args

from mail_archive_tools.answers.members import Section, members_about
from mail_archive_tools.mime.message import Message, read_message
from mail_archive_tools.models import Output
from mail_archive_tools.reading.describing import describe
from mail_archive_tools.reading.readings import MessageReading
from tests.pace import fastest

SECONDS = 2.0
"""What reading one of them may take."""

HTML = b"Subject: x\nContent-Type: text/html\n\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"


def nested(levels: int, kind: bytes = b"mixed") -> bytes:
    return (
        b"".join(b"Content-Type: multipart/%s; boundary=b%d\n\n--b%d\n" % (kind, n, n) for n in range(levels)) + b"\nx"
    )


def attached(name: str) -> bytes:
    return b"Content-Type: application/octet-stream\nContent-Disposition: attachment; " + name.encode() + b"\n\nx"


def winmail() -> bytes:
    lie = b"\x02" + (0x6800F).to_bytes(4, "little") + (4_000_000_000).to_bytes(4, "little") + b"x" * 100
    data = base64.encodebytes(b"\x78\x9f\x3e\x22\1\0" + lie)
    return b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + data


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "NULs": lambda: b"\0" * 1_000_000,
    "100 nested multiparts": lambda: nested(100),
    "2,000 nested multiparts": lambda: nested(2_000),
    "20,000 nested multiparts": lambda: nested(20_000),
    "3,000 nested messages": lambda: b"Content-Type: message/rfc822\n\n" * 3_000 + b"Subject: x\n\nx",
    "100,000 parts": lambda: MIXED + b"--b\n\nx\n" * 100_000,
    "text outside the parts": lambda: MIXED + b"before " * 100 + b"\n--b\n\nx\n--b--\n" + b"behind " * 100,
    "many files": lambda: MIXED + b"--b\nContent-Disposition: attachment\n\nx\n" * 900,
    "inner boundary is the outer": lambda: MIXED + b"--b\n" + MIXED + b"--b\n\nx\n--b--\n",
    "20,000 multiparts of one boundary": lambda: (MIXED + b"--b\n") * 20_000 + b"\nx\n" + b"--b--\n" * 20_000,
    "50,000 parts in an inner boundary that begins like the outer": lambda: (
        MIXED + b"--b\nContent-Type: multipart/mixed; boundary=b1\n\n" + b"--b1\n\nx\n" * 50_000 + b"--b1--\n--b--\n"
    ),
    "inner boundary begins like the outer": lambda: (
        MIXED + b"--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n"
    ),
    "no boundary": lambda: b"Content-Type: multipart/mixed\n\nwords\n",
    "a boundary that is nowhere": lambda: MIXED + b"words\n",
    "two boundaries": lambda: b"Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\nx\n--a--\n",
    "two types, two encodings": lambda: (
        b"Content-Type: text/plain\nContent-Type: image/png\n"
        b"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nx"
    ),
    "unknown types and encodings": lambda: b"Content-Type: x\nContent-Transfer-Encoding: \xff\n\nx",
    "base64 with junk": lambda: b"Content-Transfer-Encoding: base64\n\n" + b"QUJD=\0!" * 500_000,
    "base64 padded early": lambda: b"Content-Transfer-Encoding: base64\n\n" + b"QQ==\n" * 500_000,
    "a long quoted-printable line": lambda: b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=41" * 3_300_000,
    "uuencode that breaks off": lambda: b"Subject: x\n\n" + b"begin 644 x\n#0V%T\n" * 10_000,
    "many uuencoded files": lambda: b"Subject: x\n\n" + b"begin 644 x\n#0V%T\n`\nend\n" * 20_000,
    "external body": lambda: b"Content-Type: message/external-body; access-type=URL\n\nContent-Type: text/plain\n\n",
    "a part of a message": lambda: b"Content-Type: message/partial; number=1; total=2; id=x\n\nx",
    "TNEF that claims 4 GB": winmail,
    "broken PKCS7": lambda: b"Content-Type: application/pkcs7-mime\n\n" + b"\x30\x80" * 100_000,
    "200,000 fields": lambda: b"X: y\n" * 200_000 + b"\n",
    "a field of 20 MB": lambda: b"Subject: " + b"x" * 20_000_000 + b"\n\n",
    "200,000 folds": lambda: b"Subject: a\n" + b" b\n" * 200_000 + b"\n",
    "50,000 recipients": lambda: b"To: " + b"a@b.example, " * 50_000 + b"\n\n",
    "50,000 sections": lambda: (
        b"Content-Disposition: attachment" + b"".join(b"; filename*%d=x" % number for number in range(50_000)) + b"\n\n"
    ),
    "nested comments": lambda: b"From: " + b"(" * 200_000 + b"a@b.example\n\n",
    "groups": lambda: b"From: " + b"g:" * 100_000 + b"a@b.example;\n\n",
    "quotes that are not closed": lambda: b"From: " + b'"' * 100_001 + b"\nTo: " + b'"\\' * 50_000 + b"\n\n",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?x?= " * 20_000 + b"\n\n",
    "broken encoded words": lambda: b"Subject: " + b"=?" * 100_000 + b"?=" * 100_000 + b"\n\n",
    "raw 8-bit and NULs": lambda: b"Subject: \xff\xfe\0\x80" + b"\xc3" * 100_000 + b"\n\n",
    "two authors": lambda: b"From: a@b.example\nFrom: c@d.example\n\n",
    "50,000 references": lambda: b"References: " + b"<a@b> " * 50_000 + b"\n\n",
    "brackets in references": lambda: b"References: " + b"<" * 300_000 + b"\n\n",
    "impossible dates": lambda: b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n" * 1_000 + b"\n",
    "bare CRs": lambda: b"Subject: x\r" * 100_000,
    "many Received": lambda: b"Received: from a (b [1.2.3.4]) by c; Mon, 10 Mar 2025 18:00:00 +0100\n" * 10_000 + b"\n",
    "Received brackets": lambda: b"Received: from a " + b"(" * 400_000 + b"\n\n",
    "authentication": lambda: b"Authentication-Results: a; " + b"spf=pass (x) " * 50_000 + b"\n\n",
    "a path in a name": lambda: attached('filename="../../../etc/passwd"'),
    "an override in a name": lambda: attached("filename*=utf-8''%E2%80%AEfdp.exe%00%0A"),
    "quotes": lambda: b"Subject: x\n\n" + b"> " * 500_000 + b"\n" + b"> a\n" * 200_000,
    "attributions": lambda: b"Subject: x\n\n" + b"On 3 May 2025 a <a@b.example\n" * 100_000,
    "flowed": lambda: b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 500_000,
    "100,000 elements deep": lambda: HTML + b"<div>" * 100_000,
    "deep behind wrong end tags": lambda: HTML + b"<div></x>" * 200_000,
    "500,000 attributes": lambda: HTML + b"<p " + b"x=1 " * 500_000 + b">hi",
    "60,000 attributes": lambda: HTML + b"<p " + b"".join(b"a%d=1 " % number for number in range(60_000)) + b">hi",
    "60,000 attributes after a quote": lambda: (
        HTML + b'<p " ' + b"".join(b'a%d="<" ' % number for number in range(60_000)) + b">hi"
    ),
    "60,000 attributes of one body": lambda: (
        HTML + b"".join(b"<body a%d=1 b%d=2>" % (number, number) for number in range(30_000)) + b"hi"
    ),
    "an attribute of 1 MB": lambda: HTML + b'<img src="data:image/png;base64,' + b"A" * 1_000_000 + b'">hi',
    "1M entities": lambda: HTML + b"&amp;" * 1_000_000,
    "200,000 comments": lambda: HTML + b"<!-- x -->" * 200_000,
    "20,000 rules on 5,000 nodes": lambda: (
        HTML
        + b"<style>"
        + b"".join(b".c%d .d%d { display:none }" % (number, number) for number in range(20_000))
        + b"</style>"
        + b"<p class='c1 d1'>x</p>" * 5_000
    ),
    "20,000 rules for one class": lambda: (
        HTML + b"<style>" + b".c{color:red}" * 20_000 + b"</style>" + b"<p class=c>x</p>" * 5_000
    ),
    "one style for all": lambda: HTML + b"<style>" + b"*{color:red}" * 5_000 + b"</style>" + b"<p>x</p>" * 5_000,
    "braces": lambda: HTML + b"<style>" + b"@media{" * 100_000 + b"</style>x",
    "selectors": lambda: HTML + b"<style>" + b":is(" * 20_000 + b"{display:none}</style>x",
    "declarations": lambda: HTML + b"<p style='" + b"a:(" * 100_000 + b"'>x",
    "a calendar of many events": lambda: (
        b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n"
        + b"BEGIN:VEVENT\nRRULE:FREQ=DAILY\nATTENDEE:mailto:a@b\nEND:VEVENT\n" * 20_000
    ),
    "a calendar with a long rule": lambda: (
        b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n"
        + b"RRULE:FREQ=DAILY;BYDAY="
        + b"MO," * 300_000
        + b"MO\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
    "less-than signs": lambda: HTML + b"<" * 2_000_000,
    "formatting": lambda: HTML + b"<b>x" * 300_000,
    "many links": lambda: HTML + b"<a href=http://x.example/>x</a>" * 50_000,
    "links in links": lambda: HTML + b"<a href=x><table><tr><td>" * 2_000,
    "unclosed items": lambda: HTML + b"<p><li>" * 280_000,
    "unclosed cells": lambda: HTML + b"<table><tr>" + b"<td>x" * 300_000,
    "invisible characters": lambda: b"Content-Type: text/plain; charset=utf-8\n\n" + "\u200b\u202e".encode() * 300_000,
    "markdown": lambda: b"Subject: x\n\n" + b"![a](http://x.example/?q=" * 100_000,
    "fences": lambda: b"Subject: x\n\n" + b"[[/MAIL-DATA 0]]\n" * 100_000,
}


def work(raw: bytes) -> Message:
    """All that reading a message for an answer takes."""
    message = read_message(raw)
    reading = MessageReading.of(describe(message))
    members, _ = members_about(reading.about, get_args(Section), 1.0)
    for value in members.values():
        for each in value if isinstance(value, list) else [value]:
            json.dumps(each.structured() if isinstance(each, Output) else each)
    reading.text.whole.encode()
    return message


def main() -> None:
    taken = {}
    for name, made in HOSTILE.items():
        told, telling = os.pipe()
        # A copy of this process, which has everything loaded, so that only the reading counts.
        if not (child := os.fork()):
            raw = made()
            seconds = fastest(lambda raw=raw: work(raw), enough=SECONDS)  # type: ignore[misc]
            os.write(telling, json.dumps(seconds).encode())
            os._exit(0)

        os.close(telling)
        with os.fdopen(told) as said:
            seconds = json.loads(said.read() or "null")
        _, status, usage = os.wait4(child, 0)
        # One that ends with an error has said what it was.
        peak = usage.ru_maxrss * 1024 if status == 0 else -1
        taken[name] = (peak, seconds)
    print(json.dumps(taken))  # noqa: T201


if __name__ == "__main__":
    main()
