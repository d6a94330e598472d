"""The local authority and the certificate of a project, verified with OpenSSL."""

from __future__ import annotations

import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import prox
from prox.proxy import certificates
from prox.proxy.certificates import CertificateFailed, ensure, exported, load

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import Config


@pytest.fixture(autouse=True)
def no_mkcert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAROOT", raising=False)
    monkeypatch.setattr(certificates.shutil, "which", lambda name: None)


def config_for(folder: Path, services: str = "{api: 1, web: 2}", certs: str = "{dir: certs}") -> Config:
    text = f"processes: {{p: x}}\nproxy: {{domain: my.test, https_port: 1}}\nservices: {services}\ncerts: {certs}"
    return prox.parse_config(text, folder=folder)


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    assert load(config) is None
    made = ensure(config)
    assert made.names == (
        "my.test", "*.my.test", "api.my.test", "web.my.test", "*.api.my.test", "*.web.my.test"
    )  # fmt: skip
    assert timedelta(days=390) < made.expires - datetime.now(UTC) < timedelta(days=398)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "certs").iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"ca.pem", "ca-key.pem", "my.test.pem", "my.test-key.pem", "ca-bundle.pem"} == modes.keys()
    before = made.file.read_bytes()
    assert ensure(config).file.read_bytes() == before
    made.context()


def test_openssl_believes_it(tmp_path: Path) -> None:
    made = ensure(config_for(tmp_path))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(made.authority)]
    for name in ("my.test", "api.my.test", "x.api.my.test", "other.my.test"):
        ran = subprocess.run(
            [*command, "-verify_hostname", name, str(made.file)], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
    ran = subprocess.run([*command, "-verify_hostname", "my.example", str(made.file)], capture_output=True, check=False)
    assert ran.returncode != 0


def test_new_services_get_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = ensure(config_for(tmp_path))
    authority = first.authority.read_bytes()
    config = config_for(tmp_path, "{api: 1, new: 2}")
    assert load(config) is None
    assert "new.my.test" in ensure(config).names
    assert first.authority.read_bytes() == authority


def test_it_is_renewed_before_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_for(tmp_path)
    monkeypatch.setattr(certificates, "LEAF_DAYS", 29)
    old = ensure(config)
    assert old.is_due
    monkeypatch.undo()
    monkeypatch.delenv("CAROOT", raising=False)
    new = ensure(config)
    assert not new.is_due
    assert ensure(config, regenerate=True).file.read_bytes() != (tmp_path / "certs/my.test.pem").read_bytes()[:0]


def test_without_auto_generate(tmp_path: Path) -> None:
    config = config_for(tmp_path, certs="{dir: certs, auto_generate: false}")
    with pytest.raises(CertificateFailed, match=r"auto_generate is false; run `prox certs --regenerate`"):
        ensure(config)
    made = ensure(config, regenerate=True)
    assert ensure(config) == made


def test_mkcerts_authority_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    other = ensure(config_for(tmp_path / "other"))
    root = tmp_path / "mkcert"
    root.mkdir()
    (root / "rootCA.pem").write_bytes(other.authority.read_bytes())
    (root / "rootCA-key.pem").write_bytes((other.authority.parent / "ca-key.pem").read_bytes())
    monkeypatch.setenv("CAROOT", str(root))
    made = ensure(config_for(tmp_path))
    assert made.by_mkcert
    assert made.authority == root / "rootCA.pem"
    assert not (tmp_path / "certs" / "ca.pem").exists()
    # Without it, another authority signs, and the certificate is made anew.
    monkeypatch.delenv("CAROOT")
    assert load(config_for(tmp_path)) is None


def test_the_file_is_not_a_certificate(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    made = ensure(config)
    made.file.write_text("garbage")
    assert load(config) is None
    ensure(config)
    (tmp_path / "certs/ca-key.pem").write_text("garbage")
    with pytest.raises(CertificateFailed, match=r"cannot read .*ca-key\.pem .*; remove it"):
        ensure(config, regenerate=True)


def test_the_folder_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "certs").write_text("in the way")
    with pytest.raises(prox.ProxError, match="not a directory"):
        ensure(config_for(tmp_path))


def test_exported_variables_trust_everything_that_is_trusted_anyway(tmp_path: Path) -> None:
    made = ensure(config_for(tmp_path))
    variables = exported(made)
    assert variables["NODE_EXTRA_CA_CERTS"] == str(made.authority)
    context = ssl.create_default_context(cafile=variables["SSL_CERT_FILE"])
    assert len(context.get_ca_certs()) >= 1
    assert made.authority.read_text() in (tmp_path / "certs/ca-bundle.pem").read_text()
