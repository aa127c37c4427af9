"""Certificates of a test's own, for servers on this machine and their clients."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SERVER_NAMES = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
)


@attrs.frozen
class Certificate:
    """A certificate and its key, as PEM files."""

    certificate_file: Path
    key_file: Path


class Authority:
    """A certificate authority whose files lie in ``folder``."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        self.ca_file = folder / "ca.pem"
        builder = self._builder(self._name, self._key, days=3650.0)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_ca_usage(), critical=True)
        self._write(self.ca_file, builder)

    def server(self, name: str = "server", *, days: float = 365.0) -> Certificate:
        """Issue a certificate for a server that answers as localhost or 127.0.0.1.

        It ends in ``days`` from now; with less than none it has ended.
        """
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._issue(name, days, usage, _SERVER_NAMES)

    def client(self, name: str, *, days: float = 365.0) -> Certificate:
        """Issue a certificate for the client called ``name``, its common name."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._issue(name, days, usage, x509.SubjectAlternativeName([x509.DNSName(name)]))

    def _issue(self, name: str, days: float, *extensions: x509.ExtensionType) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_common_name(name), key, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        self._write(made.certificate_file, builder)
        _write_key(made.key_file, key)
        return made

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
    ) -> x509.CertificateBuilder:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        start = min(end, dt.datetime.now(dt.UTC)) - dt.timedelta(days=1)
        builder = x509.CertificateBuilder(self._name, name, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(start).not_valid_after(end)

    def _write(self, path: Path, builder: x509.CertificateBuilder) -> None:
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _ca_usage() -> x509.KeyUsage:
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = dict.fromkeys((*names, "digital_signature", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **others)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    # PostgreSQL and libpq refuse a key that others may read.
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
