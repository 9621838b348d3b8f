"""A certificate authority of its own, which is the only one that is trusted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tests.simulator.server import HOST

TRUSTED: Final = "REQUESTS_CA_BUNDLE"
"""Environment variable from which Home Assistant reads what it trusts, when imported.

It must therefore be imported in a process that is started afterwards.
"""

LIFETIME: Final = timedelta(days=1)


@contextmanager
def own_authority() -> Iterator[None]:
    """Let processes that are started meanwhile trust only a new authority."""
    with TemporaryDirectory() as folder:
        authority, certificate = _certificates()
        path = Path(folder, "authority.pem")
        path.write_bytes(authority)
        _server_file(path).write_bytes(certificate)
        with patch.dict(os.environ, {TRUSTED: str(path)}):
            yield


def server_certificate() -> str:
    """Return the path of the server's certificate and key."""
    return str(_server_file(Path(os.environ[TRUSTED])))


def _server_file(authority: Path) -> Path:
    """Return the path of the server's certificate, beside that of the authority."""
    return authority.with_name("server.pem")


def _certificates() -> tuple[bytes, bytes]:
    """Return the authority's certificate, and the server's with its key."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name, name = _name("Authority of scripts/bench"), _name(HOST)
    authority = (
        _builder(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, SHA256())
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority_key.public_key()
    )
    certificate = (
        _builder(name, authority_name, key)
        .add_extension(address, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, SHA256())
    )
    return authority.public_bytes(Encoding.PEM), key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ) + certificate.public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    """Return the name of an owner of a certificate."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """Return what all certificates have in common."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFETIME)
        .not_valid_after(now + LIFETIME)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=subject == issuer,
                crl_sign=subject == issuer,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
