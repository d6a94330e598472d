"""The local certificate authority, and a certificate for the domain and its services.

Files in ``certs.dir``, keys 0600: ``ca.pem`` and ``ca-key.pem`` (prox's own authority, unless mkcert's is installed),
``DOMAIN.pem`` (with the authority's certificate after it) and ``DOMAIN-key.pem``.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.errors import ProxError
from prox.instance.owned_files import open_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from prox.core.config.model import Config

CA_DAYS = 3650
LEAF_DAYS = 397
"""The longest validity that browsers accept (CA/Browser Forum, Baseline Requirements §6.3.2)."""
RENEW_DAYS = 30
BUNDLE = "ca-bundle.pem"
"""The system's authorities and prox's, for programs that read only one file."""


class CertificateFailed(ProxError):
    """A certificate cannot be read or made."""

    code = "CERTIFICATE_FAILED"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate, of its key and of its authority's certificate."""

    file: Path
    key: Path
    authority: Path
    expires: datetime
    names: tuple[str, ...]
    by_mkcert: bool

    def context(self) -> ssl.SSLContext:
        """Return a server's TLS context with this certificate. Raises CertificateFailed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.file, self.key)
        except (OSError, ssl.SSLError) as error:
            raise CertificateFailed(f"cannot use the certificate {self.file}: {error}") from None
        return context

    @property
    def is_due(self) -> bool:
        """Whether it expires within RENEW_DAYS."""
        return self.expires - datetime.now(UTC) < timedelta(days=RENEW_DAYS)


def certs_folder(config: Config) -> Path:
    return Path(config.folder, Path(config.certs.dir).expanduser())


def names_of(domain: str, services: Iterable[str]) -> tuple[str, ...]:
    """Return the names for a certificate: the domain, ``*.DOMAIN``, and each service with ``*.SERVICE.DOMAIN``.

    Services are listed by name, since many clients match nothing against a wildcard below a single label
    (``*.localhost``; RFC 6125 §6.4.3, §7.2).
    """
    hosts = [f"{service}.{domain}" for service in services]
    return (domain, f"*.{domain}", *hosts, *(f"*.{host}" for host in hosts))


def load(config: Config) -> Certificate | None:
    """Return the stored certificate; None unless it covers the project's domain and services. Blocks."""
    from cryptography import x509

    assert config.proxy is not None
    folder, domain = certs_folder(config), config.proxy.domain
    file, key = folder / f"{domain}.pem", folder / f"{domain}-key.pem"
    authority, _, by_mkcert = _authority_files(folder)
    try:
        leaf, *_ = x509.load_pem_x509_certificates(file.read_bytes())
        issuer = x509.load_pem_x509_certificate(authority.read_bytes())
        leaf.verify_directly_issued_by(issuer)
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:
        # No file, another authority, or a file that prox did not write: the caller makes a new one.
        return None
    names = tuple(found.get_values_for_type(x509.DNSName))
    if not key.exists() or not set(names_of(domain, config.services)) <= set(names):
        return None
    return Certificate(file, key, authority, leaf.not_valid_after_utc, names, by_mkcert)


def ensure(config: Config, *, regenerate: bool = False) -> Certificate:
    """Return the project's certificate; make a new one if ``load`` finds none or it expires soon. Blocks.

    Raises CertificateFailed, also if there is none and ``certs.auto_generate`` is false.
    """
    found = None if regenerate else load(config)
    if found and not found.is_due:
        return found
    if not config.certs.auto_generate and not regenerate:
        if found:
            return found
        folder = certs_folder(config)
        raise CertificateFailed(
            f"no certificate for proxy.domain in {folder}: certs.auto_generate is false; run `prox certs --regenerate`"
        )
    _generate(config)
    made = load(config)
    if made is None:
        raise CertificateFailed(f"cannot read the new certificate in {certs_folder(config)}")
    return made


def _generate(config: Config) -> None:
    from cryptography.hazmat.primitives import serialization

    assert config.proxy is not None
    folder, domain = certs_folder(config), config.proxy.domain
    if not Path(config.folder).is_dir():
        raise CertificateFailed(f"cannot make a certificate: the project's directory {config.folder} is gone")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_folder(folder, create=True, link=True) as inside:
            issuer, issuer_key = _authority(folder, inside)
            leaf, leaf_key = _leaf(names_of(domain, config.services), issuer, issuer_key)
            pem = serialization.Encoding.PEM
            write_file(f"{domain}-key.pem", _pem_of(leaf_key), inside)
            write_file(f"{domain}.pem", leaf.public_bytes(pem) + issuer.public_bytes(pem), inside)
            write_file(BUNDLE, _system_authorities() + issuer.public_bytes(pem), inside)
    except OSError as error:
        raise CertificateFailed(f"cannot write a certificate to {folder}: {error.strerror or error}") from None


def _authority_files(folder: Path) -> tuple[Path, Path, bool]:
    """Return the paths of the authority's certificate and key, and whether it is mkcert's."""
    root = _mkcert_root()
    if root and (root / "rootCA.pem").is_file() and os.access(root / "rootCA-key.pem", os.R_OK):
        return root / "rootCA.pem", root / "rootCA-key.pem", True
    return folder / "ca.pem", folder / "ca-key.pem", False


def _mkcert_root() -> Path | None:
    """Return the folder of mkcert's authority; None if mkcert is not installed."""
    if given := os.environ.get("CAROOT"):
        return Path(given)
    program = shutil.which("mkcert")
    if program is None:
        return None
    try:
        ran = subprocess.run([program, "-CAROOT"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(ran.stdout.strip()) if ran.returncode == 0 and ran.stdout.strip() else None


def _authority(folder: Path, inside: int) -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    """Return the authority; make it if there is none."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    file, key_file, _ = _authority_files(folder)
    if file.is_file() and key_file.is_file():
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            return x509.load_pem_x509_certificate(file.read_bytes()), key  # type: ignore[return-value]
        except ValueError as error:
            raise CertificateFailed(f"cannot read {key_file} ({error}); remove it and {file}") from None
    certificate, made = _new_authority()
    write_file("ca-key.pem", _pem_of(made), inside)
    write_file("ca.pem", certificate.public_bytes(serialization.Encoding.PEM), inside)
    return certificate, made


def _new_authority() -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    made = datetime.now(UTC)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "prox"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"prox local authority {made:%Y-%m-%d}"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made - timedelta(days=1))
        .not_valid_after(made + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _leaf(
    names: tuple[str, ...], issuer: x509.Certificate, issuer_key: CertificateIssuerPrivateKeyTypes
) -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    made = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made - timedelta(days=1))
        .not_valid_after(min(made + timedelta(days=LEAF_DAYS), issuer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)  # type: ignore[arg-type]
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate, key


def _pem_of(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _system_authorities() -> bytes:
    """Return the certificates that this machine's programs trust by default, as far as OpenSSL knows them."""
    file = ssl.get_default_verify_paths().cafile
    try:
        return Path(file).read_bytes() + b"\n" if file else b""
    except OSError:
        return b""


def exported(certificate: Certificate) -> dict[str, str]:
    """Return the variables by which processes trust the authority (``certs.export``)."""
    bundle = certificate.file.parent / BUNDLE
    return {"NODE_EXTRA_CA_CERTS": str(certificate.authority), "SSL_CERT_FILE": str(bundle)}
