"""What about a message deserves a second look: facts that an investigator asks for, never a verdict.

Honest mail has some of them too: newsletters hide a preview line. What every list or sending service does is none.
"""

from collections.abc import Sequence

from mail_archive_tools.mime.evidence.authentication import AuthenticationField
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.dkim import Signature
from mail_archive_tools.mime.evidence.finding import Finding, heaviest
from mail_archive_tools.mime.evidence.findings.bodies import in_text
from mail_archive_tools.mime.evidence.findings.checks import changes, failures
from mail_archive_tools.mime.evidence.findings.domains import in_domains, in_names
from mail_archive_tools.mime.evidence.findings.files import in_file
from mail_archive_tools.mime.evidence.findings.letters import in_letters
from mail_archive_tools.mime.evidence.findings.links import in_links
from mail_archive_tools.mime.evidence.findings.senders import in_senders, owners_of
from mail_archive_tools.mime.evidence.findings.times import in_times
from mail_archive_tools.mime.evidence.links import Links, read_links
from mail_archive_tools.mime.evidence.passing_on import passed_on, signed_by
from mail_archive_tools.mime.evidence.recognition import differences
from mail_archive_tools.mime.evidence.route import Hop
from mail_archive_tools.mime.message import Message


def find(
    message: Message,
    route: list[Hop],
    checks: list[AuthenticationField] | None = None,
    signatures: list[Signature] | None = None,
    context: Context = NOTHING_KNOWN,
    links: Links | None = None,
    other: Sequence[str] = (),
    passed: frozenset[str] | None = None,
) -> list[Finding]:
    """The findings of a message, each once.

    `checks` are the results of checks of its sender, `signatures` what became of its body, `links` all hosts that it
    leads to, written ones too. `context` says who is known, and what a search told of the message; `other` are the
    members of that which the message does not say. `passed` are the domains that passed it on, where they are known.
    """
    checks = checks or []
    signatures = signatures or []
    if links is None:
        links = read_links(message, context)

    if passed is None:
        passed = passed_on(message.headers, context.envelope_from)
    signers = signed_by(signatures, checks)
    hosts = [each.host for each in links.hosts]

    found: list[Finding] = []
    found += differences(context.told or {}, other)
    found += failures(checks, signatures, message.addresses("from"))
    found += changes(signatures, is_passed_on=bool(passed))
    found += in_senders(message, passed, signers, context)
    found += in_domains(message)
    found += in_names(message, hosts, context)
    found += in_links(message.text.links, hosts, owners_of(message, passed, signers))
    found += in_text(message)
    found += in_letters(message)
    for file in message.files:
        found += in_file(file)
    found += in_times(message, route)
    return heaviest(found)
