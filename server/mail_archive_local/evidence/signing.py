"""Signatures and time stamps of manifests: files beside them, which other programs can verify as well.

`<manifest>.sig` is a signature over its bytes: Ed25519 (RFC 8032), ECDSA with SHA-256, or RSA-PSS with SHA-256, by the
kind of the key. `<manifest>.tsr` is a time-stamp response (RFC 3161) over their SHA-512. Loads `cryptography`, `httpx`
and `rfc3161-client` when it is asked.
"""

from pathlib import Path
from typing import Any, NamedTuple

from mail_archive_local.errors import LocalArchiveError
from mail_archive_tools.system.places import why_not_read

SIGNATURE, TIME_STAMP = ".sig", ".tsr"

_STAMP_SECONDS = 20.0
_STAMP_BYTES = 1_000_000
_QUERY = "application/timestamp-query"


class SigningError(LocalArchiveError):
    """A key that cannot be used, a signature that does not hold, an authority that does not stamp."""


class Signing(NamedTuple):
    """How a manifest is signed: with the private key in a file, and stamped by an authority at a URL; None: not."""

    key: Path | None = None
    authority: str | None = None

    def refuse_unusable(self) -> None:
        """Read the key before anything is written that it is to sign.

        Raises:
            SigningError: it cannot be used.
        """
        if self.key is not None:
            _private_key(self.key)

    def remove_outdated(self, manifest: Path) -> list[Path]:
        """Take away the signatures of a manifest that has changed; returns those that `sign` does not make anew."""
        lost = []
        for suffix, is_made_anew in ((SIGNATURE, self.key), (TIME_STAMP, self.authority)):
            old = _name_beside(manifest, suffix)
            if not old.exists():
                continue
            old.unlink()
            if not is_made_anew:
                lost.append(old)
        return lost

    def sign(self, manifest: Path) -> list[Path]:
        """Sign a manifest, and have it stamped, as far as is wanted; returns the files that were made.

        Raises:
            LocalArchiveError: it could not be done; the manifest is there.
        """
        made = []
        try:
            if self.key is not None:
                made.append(sign(manifest, self.key))
            if self.authority is not None:
                made.append(stamp(manifest, self.authority))
        except SigningError as error:
            raise LocalArchiveError(f"{error} The manifest at {manifest} is there, without it.") from error
        return made


def sign(path: Path, key_file: Path) -> Path:
    """Sign a file with the private key in `key_file` (PEM, without a password); returns where the signature is.

    Raises:
        SigningError: the key cannot be used.
    """
    key, parameters = _private_key(key_file)
    return _write(path, SIGNATURE, key.sign(path.read_bytes(), *parameters))


def _private_key(key_file: Path) -> tuple[Any, tuple[Any, ...]]:
    """A private key, and what it signs with beside the data.

    Raises:
        SigningError: it cannot be used.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    why = why_not_read(key_file)
    if why:
        raise SigningError(f"{key_file} is not used: {why}.")
    try:
        key: Any = load_pem_private_key(_bytes(key_file), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningError(f"{key_file} is no private key in PEM without a password: {error}") from None
    return key, _parameters(key, key_file)


def verify_signature(path: Path, key_file: Path) -> None:
    """
    Raises:
        SigningError: there is no signature, or it is not one of this file by the public key in `key_file`.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    pem = _bytes(key_file)
    try:
        key: Any
        if b"BEGIN CERTIFICATE" in pem:
            key = x509.load_pem_x509_certificate(pem).public_key()
        else:
            key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningError(f"{key_file} is no public key and no certificate in PEM: {error}") from None

    try:
        key.verify(_beside(path, SIGNATURE), path.read_bytes(), *_parameters(key, key_file))
    except InvalidSignature:
        raise SigningError(f"The signature of {path} does not hold: it, or its signature, was changed.") from None


def stamp(path: Path, authority: str) -> Path:
    """Have an authority stamp a file (RFC 3161, over HTTP); returns where its response is.

    Raises:
        SigningError: it gives no stamp.
    """
    from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

    # With the authority's certificates in it, the stamp can be verified from its root alone, years later.
    unsigned = TimestampRequestBuilder().data(path.read_bytes())
    request = unsigned.nonce(nonce=True).cert_request(cert_request=True).build()
    answer = _answer(authority, request.as_bytes())

    try:
        response = decode_timestamp_response(answer)
    except ValueError:
        raise SigningError(f"What {authority} answered is no time-stamp response.") from None
    # Granted, and granted with modifications (RFC 3161, section 2.4.2).
    if response.status not in (0, 1):
        raise SigningError(f"The time stamping authority {authority} refused (status {response.status}).")
    # What is kept is a stamp of this file: one of another is found now, not years later.
    told = response.tst_info
    if told.nonce != request.nonce or told.message_imprint.message != request.message_imprint.message:
        raise SigningError(f"What {authority} stamped is not what it was asked to stamp.")
    return _write(path, TIME_STAMP, answer)


def _answer(authority: str, query: bytes) -> bytes:
    """What an authority answers, as much of it as a stamp can have.

    Raises:
        SigningError: nothing, or more than that.
    """
    import httpx

    answer = bytearray()
    try:
        with (
            httpx.Client(timeout=_STAMP_SECONDS) as client,
            client.stream("POST", authority, content=query, headers={"Content-Type": _QUERY}) as response,
        ):
            response.raise_for_status()
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > _STAMP_BYTES:
                    raise SigningError(f"What {authority} answered is longer than a time-stamp response can be.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SigningError(f"The time stamping authority {authority} gave no stamp: {error}") from None
    return bytes(answer)


def verify_stamp(path: Path, certificate_file: Path) -> str:
    """When a file was stamped, as its response says, which the root certificate in `certificate_file` has to vouch for.

    Raises:
        SigningError: there is no stamp, or it is not one of this file.
    """
    from cryptography import x509
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        roots = x509.load_pem_x509_certificates(_bytes(certificate_file))
        response = decode_timestamp_response(_beside(path, TIME_STAMP))
    except ValueError as error:
        raise SigningError(f"The time stamp of {path} cannot be looked at: {error}") from None

    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, path.read_bytes())
    except VerificationError as error:
        raise SigningError(f"The time stamp of {path} does not hold: {error}") from None
    return str(response.tst_info.gen_time.isoformat())


def _parameters(key: Any, key_file: Path) -> tuple[Any, ...]:
    """What a key of that kind signs and verifies with, beside the data.

    Raises:
        SigningError: it is of a kind that does not sign here.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        # It has its own hash (RFC 8032, section 5.1).
        return ()
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return (ec.ECDSA(SHA256()),)
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        # A salt as long as the hash is what others expect (RFC 8017, section 9.1).
        return (padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), SHA256())
    raise SigningError(f"{key_file} has a key of a kind that does not sign here: Ed25519, ECDSA and RSA do.")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SigningError(f"{path} cannot be read ({error.strerror}).") from None


def _beside(path: Path, suffix: str) -> bytes:
    beside = _name_beside(path, suffix)
    if not beside.exists():
        what = {SIGNATURE: "signature", TIME_STAMP: "time stamp"}[suffix]
        raise SigningError(f"{path} has no {what}: {beside.name} is not beside it.")
    return _bytes(beside)


def _write(path: Path, suffix: str, content: bytes) -> Path:
    beside = _name_beside(path, suffix)
    beside.write_bytes(content)
    return beside


def _name_beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
