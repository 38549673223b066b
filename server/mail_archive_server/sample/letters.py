"""How the sample's messages are put together: headers, parts and trace, with nothing left to chance."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

COMPANY = "tidewater.example"
_GATEWAY = "inbound-smtp.us-east-1.example"
_POLICY = SMTP.clone(max_line_length=78)


@dataclass(frozen=True)
class Person:
    """Somebody with a mailbox, and the host and address (RFC 5737) that their mail comes from."""

    name: str
    address: str
    host: str = "outbound.tidewater.example"
    ip: str = "198.51.100.7"

    @property
    def mailbox(self) -> Address:
        return Address(self.name, addr_spec=self.address)

    @property
    def is_colleague(self) -> bool:
        return self.address.endswith("@" + COMPANY)


@dataclass(frozen=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What somebody wrote to somebody."""

    moment: datetime
    sender: Person
    to: tuple[Person, ...]
    subject: str
    text: str
    cc: tuple[Person, ...] = ()
    html: str | None = None
    charset: str = "utf-8"
    attachments: tuple[Attachment, ...] = ()
    answers: "Letter | None" = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        seed = f"{self.moment.isoformat()} {self.sender.address} {self.subject}"
        return f"<{hashlib.sha256(seed.encode()).hexdigest()[:20]}@{self.sender.address.rpartition('@')[2]}>"

    @property
    def references(self) -> list[str]:
        return [*self.answers.references, self.answers.message_id] if self.answers else []


def reply(to: Letter, hours: float, sender: Person, text: str, **more: object) -> Letter:
    """An answer to everybody, with the history quoted below."""
    others = [each for each in (to.sender, *to.to) if each.address != sender.address]
    prefix = "" if to.subject.lower().startswith("re:") else "Re: "
    quoted = "\n".join(f"> {line}" for line in to.text.splitlines())
    return Letter(
        moment=to.moment + timedelta(hours=hours),
        sender=sender,
        to=tuple(others[:1]),
        cc=tuple(others[1:]),
        subject=prefix + to.subject,
        text=f"{text}\n\n{to.sender.name} wrote on {to.moment:%d %B %Y}:\n{quoted}\n",
        charset=to.charset,
        answers=to,
        **more,  # type: ignore[arg-type]  # the fields of Letter, by name
    )


def source(letter: Letter) -> bytes:
    """The message as it travels: RFC 5322 with CRLF; the trace of its delivery where it came from outside."""
    message = EmailMessage(policy=_POLICY)
    if not letter.sender.is_colleague:
        _add_trace(message, letter)
    message["Date"] = format_datetime(letter.moment)
    message["From"] = letter.sender.mailbox
    message["To"] = [each.mailbox for each in letter.to]
    if letter.cc:
        message["Cc"] = [each.mailbox for each in letter.cc]
    message["Subject"] = letter.subject
    message["Message-ID"] = letter.message_id
    if letter.answers:
        message["In-Reply-To"] = letter.answers.message_id
        message["References"] = " ".join(letter.references)
    for name, value in letter.extra.items():
        message[name] = value
    _add_parts(message, letter)
    return bytes(message)


def _add_trace(message: EmailMessage, letter: Letter) -> None:
    sender, recipient = letter.sender, (letter.to + letter.cc)[0]
    moment = letter.moment + timedelta(seconds=3)
    queue = hashlib.sha256(letter.message_id.encode()).hexdigest()[:12]
    message["Return-Path"] = f"<{sender.address}>"
    message["Delivered-To"] = recipient.address
    message["Received"] = (
        f"from {sender.host} ({sender.host} [{sender.ip}]) by {_GATEWAY} with ESMTPS id {queue} "
        f"(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384) for <{recipient.address}>; {format_datetime(moment)}"
    )


def _add_parts(message: EmailMessage, letter: Letter) -> None:
    transfer = "quoted-printable" if letter.charset == "utf-8" else "base64"
    message.set_content(letter.text, charset=letter.charset, cte=transfer)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    # The library's own boundaries are random.
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]}_{number}")


def pdf(lines: list[str]) -> bytes:
    """A one-page PDF that says these lines (Latin letters)."""
    escaped = (line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines)
    text = "BT /F1 12 Tf 72 760 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    end = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


# A transparent pixel of 1 by 1, as logos in mail often are.
LOGO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
