"""Certificates of servers on 127.0.0.1, and Secrets that hold them."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, name: str) -> x509.Certificate:
    """Write a self-signed certificate, `tls.crt`, and its key, `tls.key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(minutes=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    unprotected = serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unprotected))
    return certificate


def trusting(*certificates: x509.Certificate) -> ssl.SSLContext:
    """The TLS context of a client that trusts only these certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for certificate in certificates:
        context.load_verify_locations(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    return context


class MountedSecret:
    """A folder of files that are replaced as the kubelet replaces those of a Secret: by one rename of a link."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._versions = folder, 0
        for name in ("tls.crt", "tls.key"):
            (folder / name).symlink_to(f"..data/{name}")
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"

    def certify(self, name: str) -> x509.Certificate:
        """Replace the certificate and the key."""
        version = self._new_version()
        certificate = make_certificate(version, name)
        self._swap(version)
        return certificate

    def break_key(self) -> None:
        """Replace the key by one of another certificate."""
        version = self._new_version()
        make_certificate(version, "another")
        (version / "tls.crt").write_bytes(self.certificate.read_bytes())
        self._swap(version)

    def _new_version(self) -> Path:
        self._versions += 1
        version = self._folder / f"..version-{self._versions}"
        version.mkdir()
        return version

    def _swap(self, version: Path) -> None:
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self._folder / "..data")
