"""Senders and hosts that pass for others: for correspondents that are known, and brands that mail often imitates."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.lookalikes import (
    in_unicode,
    is_disguised,
    looks_like,
    mixes_scripts,
    registrable,
    skeleton,
)
from mail_archive_tools.mime.fields.addresses import Mailbox

# Names that are no words of a language, and the domains that they send from and link to beside their own name's.
BRANDS: dict[str, tuple[str, ...]] = {
    "PayPal": ("paypal.me", "paypalobjects.com", "paypal-communication.com", "xoom.com", "venmo.com"),
    "Microsoft": (
        "outlook.com",
        "office.com",
        "office365.com",
        "microsoftonline.com",
        "sharepoint.com",
        "live.com",
        "windows.com",
        "azure.com",
        "hotmail.com",
        "msn.com",
        "microsoft365.com",
        "aka.ms",
        "skype.com",
    ),
    "Office365": ("office.com", "microsoft.com", "microsoftonline.com"),
    "SharePoint": ("microsoft.com", "office.com", "microsoftonline.com"),
    "OneDrive": ("live.com", "microsoft.com", "office.com", "sharepoint.com"),
    "Amazon": ("amazonses.com", "amazonaws.com", "a2z.com", "aws.com", "media-amazon.com", "audible.com"),
    "Google": ("gmail.com", "googlemail.com", "youtube.com", "googleusercontent.com", "goo.gl", "g.co", "gstatic.com"),
    "iCloud": ("apple.com", "me.com", "mac.com"),
    "Netflix": ("nflxext.com", "nflximg.net"),
    "Facebook": ("facebookmail.com", "fb.com", "fb.me", "meta.com", "fbcdn.net", "instagram.com"),
    "Instagram": ("facebook.com", "facebookmail.com", "meta.com"),
    "WhatsApp": ("wa.me", "facebook.com", "meta.com", "whatsapp.net"),
    "LinkedIn": ("licdn.com", "lnkd.in", "linkedin-ei.com"),
    "Dropbox": ("dropboxmail.com", "db.tt", "dropboxusercontent.com", "dropboxforum.com"),
    "DocuSign": ("docusign.net",),
    "WeTransfer": ("we.tl",),
    "Adobe": ("adobesign.com", "echosign.com", "typekit.com", "adobecqms.net", "behance.net", "adobesystems.com"),
    "eBay": ("ebaystatic.com", "ebayimg.com", "ebayinc.com"),
    "Spotify": ("scdn.co",),
    "Airbnb": ("muscache.com",),
    "Coinbase": (),
    "Binance": (),
    "MetaMask": (),
    "Revolut": (),
    "Intuit": ("quickbooks.com", "mailchimp.com"),
    "QuickBooks": ("intuit.com",),
    "FedEx": (),
    "USPS": (),
    "DHL": ("dhl-news.com", "dpdhl.com", "deutschepost.de"),
    "HSBC": (),
    "Barclays": ("barclaycard.co.uk",),
    "Citibank": ("citi.com", "citigroup.com"),
    "Santander": (),
    "WellsFargo": (),
    "BankOfAmerica": ("bofa.com", "bankofamerica.net", "ml.com"),
    "Sparkasse": (),
    "Commerzbank": (),
    "AmericanExpress": ("aexp.com", "amex.com"),
    "MasterCard": (),
}

# Names that are words of a language or people's names too: they count where they are the whole display name, but for
# words of services.
_WORDS = (
    "Apple",
    "Chase",
    "Norton",
    "McAfee",
    "GeekSquad",
    "BestBuy",
    "Costco",
    "Walmart",
    "Target",
    "Lowes",
    "HomeDepot",
    "AceHardware",
    "HarborFreight",
    "Kohls",
    "Macys",
    "SamsClub",
    "CVS",
    "Walgreens",
    "UPS",
    "AT&T",
    "Verizon",
    "TMobile",
    "Vodafone",
    "Xfinity",
    "Comcast",
    "Yahoo",
    "AOL",
    "Outlook",
    "YouTube",
    "Disney",
    "Samsung",
    "Telegram",
    "Ledger",
    "Trezor",
    "TrustWallet",
    "Blockchain",
    "Kraken",
    "Zelle",
    "CashApp",
    "Venmo",
    "Stripe",
    "Klarna",
    "Wise",
    "CapitalOne",
    "Citi",
    "USBank",
    "TDBank",
    "PNC",
    "Discover",
    "Visa",
    "Lloyds",
    "NatWest",
    "Halifax",
    "Itau",
    "Bradesco",
    "Nubank",
    "MercadoLivre",
    "MercadoPago",
    "Correios",
    "BBVA",
    "ING",
    "Rabobank",
    "PostNL",
    "RoyalMail",
    "LaPoste",
    "Postbank",
    "Volksbank",
    "DeutscheBank",
    "StateFarm",
    "GoDaddy",
    "Shopify",
    "Zoom",
    "Steam",
    "Roblox",
    "Uber",
    "Booking",
    "Expedia",
)
# Domains that some of them send from beside their own name's.
_OF_WORDS: dict[str, tuple[str, ...]] = {
    "Norton": ("nortonlifelock.com", "gendigital.com"),
    "Verizon": ("verizonwireless.com", "vzw.com"),
    "Citi": ("citibank.com", "citigroup.com"),
    "Yahoo": ("yahoo-inc.com", "yahooinc.com"),
    "Outlook": ("microsoft.com", "office.com", "hotmail.com", "live.com"),
    "YouTube": ("google.com",),
    "Disney": ("disneyplus.com", "disneyonline.com"),
    "Samsung": ("samsungusa.com", "samsungmobile.com"),
    "Steam": ("steampowered.com",),
    "Expedia": ("expediamail.com",),
    "Lowes": ("lowes-email.com",),
    "TMobile": ("telekom.de",),
    "CashApp": ("cash.app", "square.com", "squareup.com"),
    "USBank": ("usbank.com",),
    "TDBank": ("td.com",),
    "GeekSquad": ("bestbuy.com",),
    "Itau": ("itau-unibanco.com.br",),
}
_OWN_DOMAINS = {**BRANDS, **dict.fromkeys(_WORDS, ()), **_OF_WORDS}
_OF_SERVICES = frozenset(
    skeleton(word)
    for word in (
        "account accounts alert alerts team support service services security secure customer care client help desk "
        "helpdesk center centre id store shop pay payment payments bank online billing invoice order orders delivery "
        "shipping package parcel tracking notification notifications notice info information news update updates "
        "mail email admin rewards reward winner prize survey gift card cards promo offer offers member membership "
        "subscription renewal verification verify department dept com inc llc ltd official app us uk usa the of no "
        "reply noreply donotreply antivirus protection lifelock wallet express prime mobile web message messages"
    ).split()
)
_NAME_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_SUFFIXES_OF_BRANDS = ("com", "net", "org")
_MOST_WORDS = 20
# What stands beside a name and names nobody. Words are compared by their looks, so these are kept by theirs.
_TITLES = frozenset(
    skeleton(title)
    for title in (
        "mr mrs ms miss mx dr prof professor sir dame herr frau dipl ing "
        "mme mlle sr sra jr ii iii phd mba msc bsc md esq llm "
        "ceo cfo cto coo cio ciso vp svp evp president director chairman"
    ).split()
)
_BY_LOOKS = {skeleton(name): name for name in BRANDS}
_WORDS_BY_LOOKS = {skeleton("".join(_NAME_WORD.findall(name))): name for name in _WORDS}


def imitations(
    author: Mailbox, senders: list[str], hosts: list[str], subject: str | None, context: Context
) -> Iterator[Finding]:
    """What in a message passes for somebody else. `senders` are the domains it says to come from, `hosts` those that
    its links lead to."""
    yield from _brand_named(author)
    yield from _namesake(author, context)
    for domain in senders + hosts:
        yield from _domain(domain, context)
    for where, text in (("display name", author.name), ("subject", subject or "")):
        # The same word in letters of two alphabets, such as "Pаypal" with a Cyrillic one.
        mixed = next((word for word in _LETTERS.findall(text) if mixes_scripts(word)), None)
        if mixed is not None:
            yield Finding("mixed-letters", f"The {where} has '{mixed}', whose letters are of several scripts.")


def _brand_named(author: Mailbox) -> Iterator[Finding]:
    """A display name that is a brand's, where the address is not."""
    words = _NAME_WORD.findall(author.name)[:_MOST_WORDS]
    # Brands of several words are kept as one: "Wells Fargo", "Bank of America".
    pairs = ["".join(pair) for pair in pairwise(words)]
    for word in (*words, *pairs, "".join(words)):
        brand = _BY_LOOKS.get(skeleton(word))
        if brand and not _is_of(author.domain, brand):
            yield Finding("brand-name", f"The display name names {brand}, but the address is {author.address}.")
            return

    name = _alone(words)
    if name and not _is_of(author.domain, name):
        yield Finding("brand-name", f"The display name is {name}'s, but the address is {author.address}.")


def _alone(words: list[str]) -> str | None:
    """The brand that a display name is, but for words of services: "Apple Support" is Apple's, "Chase Lee" nobody's."""
    looks = [skeleton(word) for word in words]
    # "Lowe's" and "AT&T" are two words each.
    rest = [word for word in looks if word not in _OF_SERVICES]
    return _WORDS_BY_LOOKS.get("".join(rest))


def _namesake(author: Mailbox, context: Context) -> Iterator[Finding]:
    """A display name that is that of a known correspondent, with an address that is not theirs."""
    key = _key(author.name)
    if not key:
        return
    namesakes = [each for each in context.known_people if _key(each.name) == key]
    if not namesakes or any(each.address.lower() == author.address.lower() for each in namesakes):
        return

    # One person may have several addresses of one owner.
    owner = registrable(author.domain)
    if owner is not None and any(registrable(each.domain) == owner for each in namesakes):
        return

    known = namesakes[0].address
    sentence = f"The display name is that of {known}, who is known here, but the address is {author.address}."
    yield Finding("known-name", sentence)


def _key(name: str) -> frozenset[str]:
    """A name by its words, in whatever order, and whatever they are written with."""
    words = (skeleton(word.casefold()) for word in _NAME_WORD.findall(name)[:_MOST_WORDS])
    return frozenset(word for word in words if word not in _TITLES)


def _domain(domain: str, context: Context) -> Iterator[Finding]:
    """A domain that has a brand's name in it, or looks like a known one."""
    shown = in_unicode(domain)
    owner = registrable(domain)
    brand = _brand_in(domain)
    if brand:
        yield Finding("brand-domain", f"{shown} has the name of {brand} in it, and is {owner or shown}.")

    for other in sorted(context.known_domains):
        if looks_like(owner or domain, registrable(other) or other):
            yield Finding(
                "known-lookalike", f"{shown} looks like {in_unicode(other)}, which is known here, and is another."
            )


def is_suspicious(host: str, context: Context) -> bool:
    """Whether a host passes for another, or is written so that it could: where hosts are too many, these come first."""
    if _brand_in(host) or mixes_scripts(host) or is_disguised(host):
        return True

    owner = registrable(host) or host
    return any(looks_like(owner, registrable(other) or other) for other in context.known_domains)


def is_a_brands(domain: str) -> bool:
    """Whether a domain is one of a brand's own."""
    for label in domain.lower().split("."):
        brand = _BY_LOOKS.get(skeleton(label))
        if brand and _is_of(domain, brand):
            return True
    return False


@lru_cache(maxsize=4096)
def _brand_in(domain: str) -> str | None:
    """The brand that a label of a domain, or a part of one, looks like; None where the domain is its own."""
    for label in in_unicode(domain).lower().split("."):
        for word in (label, *label.split("-")):
            brand = _BY_LOOKS.get(skeleton(word))
            if brand and not _is_of(domain, brand):
                return brand

    return None


def _is_of(domain: str, brand: str) -> bool:
    """Whether a domain is a brand's own: its name under a common or a country's suffix, or one of the list."""
    owner = registrable(domain)
    if owner is None:
        return False
    if owner in _OWN_DOMAINS[brand]:
        return True

    label, _, suffix = owner.partition(".")
    if label.replace("-", "") != "".join(_NAME_WORD.findall(brand)).lower():
        return False
    # Domains of countries, and no others, have two letters (RFC 1591, 2): `de`, and `uk` of `co.uk`.
    last = suffix.rpartition(".")[2]
    return suffix in _SUFFIXES_OF_BRANDS or len(last) == 2
