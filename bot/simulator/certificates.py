"""A certificate for the simulator: clients verify it as they verify an exchange's.

It is kept from start to start, because whoever runs against a simulator that is started again, or beside
another one of the same folder, has read the certificate once and trusts no other.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_DAYS = 30
RENEW_DAYS = 2
"""What is left when another one is made: longer than a run against it may last."""
CERTIFICATE, KEY = "simulator.crt", "simulator.key.pem"


def kept_certificate(folder: Path, hosts: Collection[str]) -> tuple[Path, Path]:
    """The certificate of ``folder`` where it still serves ``hosts``, otherwise a new one; its two files."""
    files = folder / CERTIFICATE, folder / KEY
    return files if _serves(*files, hosts) else make_certificate(folder, hosts)


def _serves(crt_file: Path, key_file: Path, hosts: Collection[str]) -> bool:
    """Whether both files are there, belong together, name all hosts and do not run out soon."""
    try:
        found = x509.load_pem_x509_certificate(crt_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    lasts = found.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
    together = key.public_key() == found.public_key()
    return lasts and together and set(hosts) <= set(named.get_values_for_type(x509.DNSName))


def make_certificate(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Write a self-signed certificate for ``hosts`` and loopback; the files of certificate and key.

    It is its own authority: give it to a client as ``ca_file``. The key file can be read by its owner only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Holdfast simulator")])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted({"localhost", *hosts})]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    crt_file, key_file = folder / CERTIFICATE, folder / KEY
    crt_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return crt_file, key_file


def server_context(crt_file: Path, key_file: Path) -> ssl.SSLContext:
    """What the server offers with these files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt_file, key_file)
    return context
