"""A small certificate authority: one that signs the certificates of users, or of a broker in a test."""

import datetime as dt
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

VALIDITY = dt.timedelta(days=365)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    def pkcs12(self, name: str, password: str) -> bytes:
        """Both in one encrypted file, as Java likes it."""
        certificate, key = x509.load_pem_x509_certificate(self.certificate), _load(self.key)
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, None, encryption)


@dataclass(frozen=True)
class CertificateAuthority:
    """Its own certificate and key, both PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def create(cls, name: str) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return cls(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), _pem(key))

    def issue(self, common_name: str, addresses: tuple[str, ...] = (), host_names: tuple[str, ...] = ()) -> Certificate:
        """A certificate for a user, or with IP `addresses` or `host_names` for a server."""
        issuer = x509.load_pem_x509_certificate(self.certificate)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name), issuer.subject, key.public_key())
        if addresses or host_names:
            names: list[x509.GeneralName] = [x509.DNSName(name) for name in host_names]
            names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(_load(self.key), hashes.SHA256())
        return Certificate(certificate.public_bytes(Encoding.PEM), _pem(key))


def new_password() -> str:
    """32 letters and digits, the first a letter, as Strimzi's."""
    return "p" + secrets.token_hex(16)[1:]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + VALIDITY)
    )


def _load(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
