"""Certificates that can't be used. tests/http/test_tls.py has those that are replaced."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from darkroom_ingestion.certificate import BadCertificate, Certificate
from tests.support.network.certificates import make_certificate


def test_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    make_certificate(tmp_path, "service")
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    assert certificate.context.minimum_version == ssl.TLSVersion.TLSv1_2


def encrypted_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    protection = serialization.BestAvailableEncryption(b"secret")
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("tls.key", b"not PEM", "not a certificate and its private key in PEM"),
        ("tls.crt", b"", "not a certificate and its private key in PEM"),
        ("tls.key", encrypted_key(), "the key is encrypted"),
        ("tls.key", None, "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, file: str, content: bytes | None, reason: str
) -> None:
    make_certificate(tmp_path, "service")
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(BadCertificate, match=f"--tls-cert .*tls.crt, --tls-key .*tls.key: {reason}"):
        Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    make_certificate(tmp_path, "first")
    certificate = (tmp_path / "tls.crt").read_bytes()
    make_certificate(tmp_path, "second")
    (tmp_path / "tls.crt").write_bytes(certificate)
    with pytest.raises(BadCertificate, match="the key does not belong to the certificate"):
        Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
