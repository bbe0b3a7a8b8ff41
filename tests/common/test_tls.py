"""Every mistake with a certificate is one line that names the setting; what is spoilt later is not
taken up."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from services.common import tls
from services.common.certificates import Authority, write_certificates
from services.common.settings import SettingsError, TlsSettings

MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no certificate": (lambda folder: (folder / "faces.pem").unlink(), "tls.certificate"),
    "no key": (lambda folder: (folder / "faces.key").unlink(), "tls.key"),
    "no certificate inside": (
        lambda folder: (folder / "faces.pem").write_text("hello"),
        "tls.certificate",
    ),
    "half a certificate": (
        lambda folder: (folder / "faces.pem").write_bytes((folder / "faces.pem").read_bytes()[:99]),
        "tls.certificate",
    ),
    "no key inside": (lambda folder: (folder / "faces.key").write_text("hello"), "tls.key"),
    "another's key": (
        lambda folder: (folder / "worker.key").replace(folder / "faces.key"),
        "tls.key",
    ),
    "no authority": (lambda folder: (folder / "ca.pem").unlink(), "tls.client_ca"),
    "no authority inside": (lambda folder: (folder / "ca.pem").write_text(""), "tls.client_ca"),
}


@pytest.fixture
def settings(tmp_path: Path) -> TlsSettings:
    write_certificates(tmp_path, (), 30)
    return TlsSettings(folder=str(tmp_path), client_ca=str(tmp_path / "ca.pem"))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_used_is_named(
    settings: TlsSettings, tmp_path: Path, mistake: str
) -> None:
    make, setting = MISTAKES[mistake]
    make(tmp_path)
    assert settings.faces is not None
    with pytest.raises(SettingsError) as caught:
        tls.LiveIdentity(settings.faces)
    assert str(caught.value).startswith(f"{setting}: ")
    assert str(tmp_path) in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_an_encrypted_key_is_refused_by_name(settings: TlsSettings, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    file = tmp_path / "faces.key"
    key = load_pem_private_key(file.read_bytes(), None)
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    assert settings.faces is not None
    with pytest.raises(SettingsError, match=r"^tls\.key: .* is encrypted"):
        tls.load(settings.faces)


@pytest.mark.parametrize(("days", "word"), [(3, "ends on"), (-1, "ended on")])
def test_a_certificate_near_its_end_is_warned_of(
    settings: TlsSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture, days: int, word: str
) -> None:
    from datetime import UTC, datetime, timedelta

    earlier = datetime.now(UTC) - timedelta(days=30)
    Authority.read(tmp_path).issue(
        tmp_path, "faces", ["localhost"], server=True, days=30 + days, now=earlier
    )
    assert settings.faces is not None
    with caplog.at_level(logging.WARNING):
        tls.load(settings.faces)
    assert [record.message for record in caplog.records if word in record.message]


def test_the_same_material_is_given_until_the_files_change(
    settings: TlsSettings, tmp_path: Path
) -> None:
    assert settings.faces is not None
    live = tls.LiveIdentity(settings.faces)
    first = live.current()
    assert live.current() is first
    (tmp_path / "faces.pem").write_text("half")
    assert live.current() is first
    write_certificates(tmp_path, (), 30)
    assert live.current() is not first
    assert live.current() is live.current()


def test_a_folder_that_is_swapped_by_its_link_is_taken_up(tmp_path: Path) -> None:
    # As Kubernetes renews mounted secrets.
    for name in ("old", "new"):
        write_certificates(tmp_path / name, (), 30)
    link = tmp_path / "data"
    link.symlink_to("old")
    settings = TlsSettings(folder=str(link))
    assert settings.faces is not None
    live = tls.LiveIdentity(settings.faces)
    assert live.current().certificate == (tmp_path / "old" / "faces.pem").read_bytes()
    swap = tmp_path / "swap"
    swap.symlink_to("new")
    swap.replace(link)
    assert live.current().certificate == (tmp_path / "new" / "faces.pem").read_bytes()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"certificate": "a.pem"}, "tls.key"),
        ({"key": "a.key"}, "tls.certificate"),
        ({"gateway_key": "a.key"}, "tls.gateway_certificate"),
        ({"worker_certificate": "a.pem"}, "tls.worker_key"),
        ({"client_ca": "a.pem"}, "tls.client_ca"),
        ({"worker_certificate": "a.pem", "worker_key": "a.key"}, "tls.worker_certificate"),
        ({"gateway_name": "not a name"}, "tls.gateway_name"),
    ],
)
def test_what_belongs_together_is_asked_for_by_name(given: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError) as caught:
        TlsSettings(**given)  # type: ignore[arg-type]  # texts all
    assert str(caught.value).startswith(f"{missing}: ")


def test_each_process_needs_only_its_own_certificate() -> None:
    worker = TlsSettings(internal_ca="ca.pem", worker_certificate="w.pem", worker_key="w.key")
    assert worker.worker is not None
    assert worker.faces is None
    with pytest.raises(SettingsError, match=r"^tls\.gateway_certificate: is missing"):
        _ = worker.gateway


def test_without_a_table_all_is_plain() -> None:
    plain = TlsSettings()
    assert (plain.faces, plain.gateway, plain.worker) == (None, None, None)
