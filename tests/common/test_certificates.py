"""The private authority: what it signs holds, and its keys are its owner's."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.common.certificates import write_certificates
from services.common.settings_tls import FILES, GATEWAY_NAME


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def names(folder: Path, name: str) -> list[str]:
    extension = certificate(folder, name).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return [str(item.value) for item in extension.value]


def test_the_folder_has_all_that_a_stack_needs(tmp_path: Path) -> None:
    assert write_certificates(tmp_path / "new" / "tls", ["studio.example", "10.0.0.7"], 10)
    folder = tmp_path / "new" / "tls"
    assert {*FILES.values()} <= {file.name for file in folder.iterdir()}
    hosts = ["localhost", "127.0.0.1", "::1", "studio.example", "10.0.0.7"]
    assert sorted(names(folder, "faces")) == sorted(names(folder, "worker")) == sorted(hosts)
    assert names(folder, "gateway") == [GATEWAY_NAME]
    for name in ("faces", "worker", "gateway", "client"):
        certificate(folder, name).verify_directly_issued_by(certificate(folder, "ca"))
        end = certificate(folder, name).not_valid_after_utc
        assert end - datetime.now(UTC) < timedelta(days=10)


def test_a_workers_certificate_is_for_serving_and_the_gateways_for_calling(tmp_path: Path) -> None:
    write_certificates(tmp_path, (), 10)
    for name, usage in (
        ("worker", ExtendedKeyUsageOID.SERVER_AUTH),
        ("gateway", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        extension = certificate(tmp_path, name).extensions.get_extension_for_class(
            x509.ExtendedKeyUsage
        )
        assert list(extension.value) == [usage]


def test_only_the_owner_can_read_and_no_repository_takes_them(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    write_certificates(folder, (), 10)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert (folder / ".gitignore").read_text() == "*\n"


def test_an_authority_that_is_there_signs_again(tmp_path: Path) -> None:
    assert write_certificates(tmp_path, (), 10)
    authority, old = certificate(tmp_path, "ca"), certificate(tmp_path, "faces")
    assert not write_certificates(tmp_path, (), 10)
    assert certificate(tmp_path, "ca") == authority
    assert certificate(tmp_path, "faces") != old
    (tmp_path / "ca.key").write_text("spoilt")
    with pytest.raises(ValueError, match="PEM"):
        write_certificates(tmp_path, (), 10)
