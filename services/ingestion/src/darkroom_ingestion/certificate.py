"""The service's TLS certificate, loaded again when its files change."""

import asyncio
import ssl
from pathlib import Path
from typing import NoReturn

import structlog

from darkroom.errors import DarkroomError
from darkroom.files.stamps import stamp_of
from darkroom_ingestion.metrics import Metrics

_LOOK_AGAIN_S = 1.0

log = structlog.get_logger("darkroom.ingestion.tls")


class BadCertificate(DarkroomError):
    """The certificate or its key can't be used."""


class Certificate:
    """A certificate chain and its private key, from two PEM files.

    Connections keep the certificate that they began with. While the files are invalid, the last valid ones are used.

    Attributes:
        context: for servers. It presents the newest certificate in every handshake.

    Raises:
        BadCertificate: the files can't be read, or don't belong together.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._seen = stamp_of(self._chain, self._key)
        self.context, self._expires_at_s = self._load()
        self._newest = self.context
        # Called in every handshake, also if the client names no server.
        self.context.sni_callback = self._present

    async def watch(self, metrics: Metrics) -> None:
        """Check the files once a second."""
        metrics.tls_certificate_expires(str(self._chain), self._expires_at_s)
        before = self._seen
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            now = stamp_of(self._chain, self._key)
            # Once they have stayed the same for a second: one file may be written after the other.
            if now != self._seen and now == before:
                self._seen = now
                await self._reload(metrics)
            before = now

    async def _reload(self, metrics: Metrics) -> None:
        try:
            self._newest, self._expires_at_s = await asyncio.to_thread(self._load)
        except BadCertificate as error:
            metrics.tls_reload_failures.inc()
            log.warning("the new TLS certificate is invalid, keeping the last valid one", reason=str(error))
        else:
            metrics.tls_certificate_expires(str(self._chain), self._expires_at_s)
            log.info("loaded the TLS certificate", file=str(self._chain))

    def _present(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _load(self) -> tuple[ssl.SSLContext, float]:
        """A context with the certificate, and the certificate's end in seconds since 1970."""
        # It takes a while to import, and only TLS needs it.
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._chain, self._key, password=_refuse_password)
            certificate = load_pem_x509_certificate(self._chain.read_bytes())
        except (OSError, ValueError) as error:
            raise BadCertificate(f"--tls-cert {self._chain}, --tls-key {self._key}: {_reason(error)}") from None
        return context, certificate.not_valid_after_utc.timestamp()


def _refuse_password() -> NoReturn:
    raise ValueError("the key is encrypted: decrypt it, and protect the file by its permissions")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key does not belong to the certificate"
        return "not a certificate and its private key in PEM"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
