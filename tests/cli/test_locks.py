"""A newcomer locks a stack with two commands, and everything goes on as before."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.locked import Certificates, web
from tests.support.stacks import Stack, stack
from tests.support.tools import required_tool


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[Stack, str]]:
    """A running stack with certificates and a key; the key's secret."""
    with stack(tmp_path) as made:
        certificates = made.atelier("certificates", "--folder", str(tmp_path / "tls"))
        assert certificates.returncode == 0, certificates.stderr
        added = made.atelier("keys", "add", "ada", "--concurrent", "3")
        assert added.returncode == 0, added.stderr
        made.env["ATELIER_TLS_FOLDER"] = str(tmp_path / "tls")
        up = made.atelier("up", "-d")
        assert up.returncode == 0, up.stdout + up.stderr
        assert "https://127.0.0.1" in up.stdout
        assert "Authorization: Bearer $ATELIER_KEY" in up.stdout
        yield made, added.stdout.strip()


async def test_with_certificates_and_a_key_everything_works_for_who_has_it(
    locked: tuple[Stack, str], tmp_path: Path
) -> None:
    running, secret = locked
    run = asyncio.to_thread
    status = await run(running.atelier, "status", ATELIER_KEY=secret)
    assert "● available" in status.stdout, status.stdout + status.stderr
    chat = await run(running.atelier, "chat", "hello", ATELIER_KEY=secret)
    assert (chat.returncode, chat.stderr) == (0, "")
    named = await run(running.atelier, "chat", "--key", secret, "hello")
    assert named.stdout == chat.stdout != ""
    watched = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "watch"],
        env=running.env | {"ATELIER_KEY": secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watched.stdout is not None
    assert "llm" in await run(watched.stdout.readline)
    watched.terminate()
    watched.communicate()

    without = await run(running.atelier, "chat", "hello")
    assert without.returncode == 1
    assert "API_KEY_REQUIRED" in without.stderr
    assert "ATELIER_KEY" in without.stderr
    status = await run(running.atelier, "status")
    assert "set ATELIER_KEY=<key>" in status.stdout

    port = _port(running, "http_port")
    context = Certificates(tmp_path / "tls").context()
    async with web(port, context=context, secret=secret) as session:
        async with session.get("/v1/capabilities/status") as answer:
            assert (await answer.json())["capabilities"][0]["state"] == "available"

    grpcurl = required_tool("grpcurl")
    listed = await run(
        subprocess.run,
        [
            *(grpcurl, "-cacert", str(tmp_path / "tls" / "ca.pem")),
            *("-H", f"authorization: Bearer {secret}"),
            *(f"127.0.0.1:{_port(running, 'grpc_port')}", "list"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "atelier.llm.v1.LlmService" in listed.stdout, listed.stderr

    logs = await run(running.atelier, "logs", "-n", "1000")
    assert secret not in logs.stdout
    assert secret.rpartition("_")[2] not in logs.stdout


def test_keys_are_made_listed_and_removed(tmp_path: Path) -> None:
    with stack(tmp_path) as made:
        assert made.atelier("keys", "list").stdout.split() == (
            ["name", "id", "made", "calls", "a", "minute", "calls", "at", "once"]
        )
        secret = made.atelier("keys", "add", "ada", "--rate", "60").stdout.strip()
        row = json.loads((tmp_path / "keys.json").read_text())["keys"][0]
        assert (row["name"], row["rate_per_minute"]) == ("ada", 60)
        listed = made.atelier("keys", "list").stdout
        assert "ada" in listed
        assert secret not in listed
        again = made.atelier("keys", "add", "ada")
        assert (again.returncode, again.stdout) == (1, "")
        assert "there is a key 'ada' already" in again.stderr
        assert made.atelier("keys", "remove", "ada").returncode == 0
        gone = made.atelier("keys", "remove", "ada")
        assert "there is no key 'ada'" in gone.stderr


def test_certificates_are_renewed_by_the_same_authority(tmp_path: Path) -> None:
    with stack(tmp_path) as made:
        folder = tmp_path / "tls"
        first = made.atelier("certificates", "--folder", str(folder), "--host", "studio.example")
        assert f'[tls]\nfolder = "{folder}"' in first.stdout
        authority = (folder / "ca.pem").read_bytes()
        again = made.atelier("certificates", "--folder", str(folder))
        assert "by the same authority" in again.stdout
        assert (folder / "ca.pem").read_bytes() == authority
        wrong = made.atelier("certificates", "--folder", str(folder), "--host", "ä")
        assert wrong.returncode == 1
        assert "cannot make certificates" in wrong.stderr


def _port(running: Stack, key: str) -> int:
    line = next(
        line
        for line in Path(running.env["ATELIER_SETTINGS"]).read_text().splitlines()
        if line.startswith(f"{key} = ")
    )
    return int(line.rpartition(" ")[2])


def test_certificates_do_not_outlive_their_authority(tmp_path: Path) -> None:
    with stack(tmp_path) as made:
        folder = tmp_path / "tls"
        asked = made.atelier("certificates", "--folder", str(folder), "--days", "99999999")
    assert asked.returncode == 1
    assert "--days is at most 3650" in asked.stderr
    assert not folder.exists()
