"""Which hosts a download link may lead to: the service's own, or those of the endpoint that the operator chose."""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

LinkRule = Callable[[str], bool]
"""Whether a download link leads to a host that the service uses."""

_PORTS = {"http": 80, "https": 443}

_DNS_SUFFIX = "amazonaws.com"
_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
}
"""Of the other partitions of AWS, by what the names of their Regions begin with (endpoints.json of botocore)."""


def no_link(link: str) -> bool:
    """The rule of a reader that may not download."""
    return False


def s3_links(region: Callable[[], str]) -> LinkRule:
    """The rule for links of the service: https, and a host of S3 in that Region, in any of its address styles."""

    def allows(link: str) -> bool:
        parts = _split(link)
        if parts is None or parts.scheme != "https":
            return False
        return is_s3_host(parts.hostname or "", region())

    return allows


def origin_links(origin: Callable[[], str]) -> LinkRule:
    """The rule for links to one origin: scheme, host and port."""

    def allows(link: str) -> bool:
        parts = _split(link)
        own = _split(origin())
        if parts is None or own is None:
            return False
        return _origin(parts) == _origin(own)

    return allows


def is_s3_host(host: str, region: str) -> bool:
    """Whether a host name is one of S3's for that Region: `bucket.s3.region.suffix`, `s3.region.suffix`, with `-fips`,
    `.dualstack`, the old dash, and the global names."""
    host = host.lower().rstrip(".")
    region = region.lower()
    suffix = _dns_suffix(region)

    # "Amazon S3 endpoints" in the AWS General Reference.
    for name in (
        f"s3.{region}",
        f"s3-{region}",
        f"s3.dualstack.{region}",
        f"s3-fips.{region}",
        f"s3-fips.dualstack.{region}",
    ):
        if _is_at(host, f"{name}.{suffix}"):
            return True

    return suffix == _DNS_SUFFIX and _is_at(host, f"s3.{_DNS_SUFFIX}")


def _dns_suffix(region: str) -> str:
    """What the names of hosts in a Region end with."""
    for prefix, suffix in _DNS_SUFFIXES.items():
        if region.startswith(prefix):
            return suffix
    return _DNS_SUFFIX


def _is_at(host: str, endpoint: str) -> bool:
    """Whether a host is an endpoint, or a bucket at it."""
    if not host.endswith(endpoint):
        return False

    before = host.removesuffix(endpoint)
    if not before:
        return True
    # The length of a bucket's name ("General purpose bucket naming rules" in the Amazon S3 User Guide).
    return before.endswith(".") and 3 <= len(before) - 1 <= 63


def _split(link: str) -> SplitResult | None:
    """The parts of a link; None where it is none that can be followed."""
    try:
        parts = urlsplit(link)
        # What is no port is found when it is asked for.
        has_port = parts.port != 0
    except ValueError:
        return None

    # A user name has no place in a link.
    if not parts.hostname or not has_port or "@" in parts.netloc:
        return None
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    port = parts.port or _PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port
