"""Web identities: a JSON Web Token of a provider in `identity.json`, verified with the keys that stand there."""

from dataclasses import dataclass

import jwt

from mail_archive_local.api_errors import ApiError
from mail_archive_local.identity.identities import Identities, Provider

_ALGORITHMS = ["RS256", "ES256"]
_INVALID = "InvalidIdentityToken"


@dataclass(frozen=True)
class WebIdentity:
    """Who a token is of, and for whom it was made."""

    provider: Provider
    subject: str
    audience: str


def verify(token: str, identities: Identities, now: float) -> WebIdentity:
    """
    Raises:
        ApiError: InvalidIdentityToken or ExpiredTokenException.
    """
    try:
        # Not believed yet: it says whose keys have to verify the token.
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        provider = next((each for each in identities.providers.values() if each.url == issuer), None)
        if provider is None:
            raise ApiError(_INVALID, "No OpenIDConnect provider found in your account for the token's issuer.")

        keys = jwt.PyJWKSet.from_dict(provider.keys)
        claims = jwt.decode(
            token,
            key=keys[jwt.get_unverified_header(token).get("kid", "")],
            algorithms=_ALGORITHMS,
            audience=provider.audiences,
            options={"require": ["exp", "iss", "sub", "aud"], "verify_exp": False},
        )
        expires = float(claims["exp"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        raise ApiError(_INVALID, f"The web identity token cannot be used ({type(error).__name__}).") from None
    if expires <= now:
        raise ApiError("ExpiredTokenException", "The web identity token is expired.")

    # RFC 7519, 4.1.3: `aud` is one, or a list.
    meant_for = claims["aud"]
    if not isinstance(meant_for, list):
        meant_for = [meant_for]
    audience = next(each for each in meant_for if each in provider.audiences)
    return WebIdentity(provider, str(claims["sub"]), audience)
