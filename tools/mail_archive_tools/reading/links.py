"""Which hosts a download link may lead to: the service's own, or those of the endpoint that the operator chose."""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

LinkRule = Callable[[str], bool]
"""Whether a download link leads to a host that the service uses."""

_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
}


def no_link(link: str) -> bool:
    """The rule of a reader that may not download."""
    return False


def s3_links(region: Callable[[], str]) -> LinkRule:
    """The rule for links of the service: https, and a host of S3 in that Region, in any of its address styles."""

    def allows(link: str) -> bool:
        parts = _split(link)
        return parts is not None and parts.scheme == "https" and is_s3_host(parts.hostname or "", region())

    return allows


def origin_links(origin: Callable[[], str]) -> LinkRule:
    """The rule for links to one origin: scheme, host and port."""

    def allows(link: str) -> bool:
        parts, own = _split(link), _split(origin())
        return parts is not None and own is not None and _origin(parts) == _origin(own)

    return allows


def is_s3_host(host: str, region: str) -> bool:
    """Whether a host name is one of S3's for that Region: `bucket.s3.region.suffix`, `s3.region.suffix`, with `-fips`,
    `.dualstack`, the old dash, and the global names."""
    host, region = host.lower().rstrip("."), region.lower()
    suffix = next((suffix for prefix, suffix in _DNS_SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")
    for name in (
        f"s3.{region}",
        f"s3-{region}",
        f"s3.dualstack.{region}",
        f"s3-fips.{region}",
        f"s3-fips.dualstack.{region}",
    ):
        if _is_at(host, f"{name}.{suffix}"):
            return True

    return suffix == "amazonaws.com" and _is_at(host, "s3.amazonaws.com")


def _is_at(host: str, endpoint: str) -> bool:
    """Whether a host is an endpoint, or a bucket at it."""
    bucket = host.removesuffix(endpoint)
    return host.endswith(endpoint) and (bucket == "" or (bucket.endswith(".") and 3 <= len(bucket) - 1 <= 63))


def _split(link: str) -> SplitResult | None:
    try:
        parts = urlsplit(link)
        # A port that is none is found when it is asked for; a user name has no place in a link.
        return parts if parts.hostname and parts.port != 0 and "@" not in parts.netloc else None
    except ValueError:
        return None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
