"""What checks of a sender, and signatures, say against a message."""

from collections.abc import Iterator

from mail_archive_tools.mime.evidence.authentication import AuthenticationField, MethodResult
from mail_archive_tools.mime.evidence.dkim import Signature
from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.passing_on import is_of, signers_in
from mail_archive_tools.mime.fields.addresses import Mailbox

_CHECKS_BY_THE_SERVICE = ("spam", "virus")
_CHECKS_OF_SENDERS = ("dmarc", "compauth", "spf")


def failures(
    checks: list[AuthenticationField], signatures: list[Signature], authors: list[Mailbox]
) -> Iterator[Finding]:
    """What a trusted host found wrong with the sender, or in the message.

    A failure that one field states is outweighed by none further down, which may have come with the message.
    """
    verified = {each.domain for each in signatures if each.state == "verified" and each.body_hash == "match"}
    author = next((each.domain for each in authors if each.domain), "")

    said: set[str] = set()
    for check in checks:
        if not check.trusted:
            continue
        for result in check.results:
            sentence = _failure(check, result)
            if sentence is None or result.method in said:
                continue
            if result.method == "spf" and _is_outweighed(check, result, verified, author):
                continue
            said.add(result.method)
            yield Finding(f"{result.method}-failed", sentence)


def _failure(check: AuthenticationField, result: MethodResult) -> str | None:
    """What failed; None of a result that is no failure."""
    # "Softfail": the host is probably not one that may send for the domain (RFC 7208, 8.5).
    is_soft = result.method == "spf" and result.result == "softfail"
    if result.result != "fail" and not is_soft:
        return None
    if result.method in _CHECKS_BY_THE_SERVICE:
        return f"The service's {result.method} check failed."
    if result.method not in _CHECKS_OF_SENDERS:
        return None

    domain = result.properties.get("header.from") or result.properties.get("smtp.mailfrom")
    for_domain = f" for {domain}" if domain else ""
    by = check.authserv_id or "the last host"
    return f"{result.method.upper()} failed{for_domain} (by {by})."


def _is_outweighed(check: AuthenticationField, result: MethodResult, verified: set[str], author: str) -> bool:
    """Whether a signature outweighs a failure of SPF.

    Forwarding breaks SPF and leaves signatures as they are (RFC 7960, 2.2). What counts is one of the domain that SPF
    is about, or of From's, that was verified here or that the same field calls good.
    """
    mail_from = result.properties.get("envelope-from") or result.properties.get("smtp.mailfrom", "")
    named = (author, mail_from.rpartition("@")[2].lower())
    senders = [domain for domain in named if domain]
    signers = verified | signers_in(check)
    return any(is_of(signer, senders) for signer in signers)


def changes(signatures: list[Signature], is_passed_on: bool) -> Iterator[Finding]:
    """A message that is no longer, or not wholly, the one that was signed."""
    own = [each for each in signatures if each.field == "DKIM-Signature"]
    # Lists add a footer to the body or a tag to the subject, in all honesty.
    if not is_passed_on:
        yield from _changed_body(own)
        yield from _changed_fields(own)

    for each in own:
        if each.unsigned:
            sentence = f"{each.domain} signed the body without its last {each.unsigned} bytes (DKIM, l=)."
            yield Finding("part-unsigned", sentence)


def _changed_body(signatures: list[Signature]) -> Iterator[Finding]:
    if any(each.body_hash == "match" for each in signatures):
        return
    # A dict, as each is named once, in their order.
    domains = dict.fromkeys(each.domain for each in signatures if each.body_hash == "mismatch")
    if domains:
        signers = ", ".join(domains)
        sentence = (
            f"The body was changed after {signers} signed it (DKIM body hash): by the sender's enemy, "
            "a list or whoever stored it."
        )
        yield Finding("body-changed", sentence)


def _changed_fields(signatures: list[Signature]) -> Iterator[Finding]:
    if any(each.state == "verified" for each in signatures):
        return
    domains = dict.fromkeys(each.domain for each in signatures if each.state == "broken")
    if domains:
        yield Finding("fields-changed", f"The header fields are not those that {', '.join(domains)} signed (DKIM).")
