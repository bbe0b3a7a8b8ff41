import asyncio
from pathlib import Path

import pytest

from services.gateway.bridge import BridgeOptions
from tests.support.bridge_backend import FakeBackend
from tests.support.bridge_client import bridge


async def asked_as_written(path: str, port: int) -> str:
    """Send the path without the tidying up that clients do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.fixture
def studios(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Studios</title>")
    (folder / "robots.txt").write_text("none")
    (folder / "assets" / "app-1a2b3c4d.js").write_text("run()")
    (folder / "assets" / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.mark.parametrize("path", ["/", "/chat", "/image/settings"])
async def test_a_page_of_the_studios_is_their_index(studios: Path, path: str) -> None:
    async with bridge(FakeBackend(), BridgeOptions(studios=studios)) as http:
        response = await http.get(path)
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-cache"
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert "Studios" in await response.text()


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/assets/app-1a2b3c4d.js", "public, max-age=31536000, immutable"),
        ("/assets/logo.svg", "no-cache"),
        ("/robots.txt", "no-cache"),
    ],
)
async def test_only_what_never_changes_is_kept_for_ever(
    studios: Path, path: str, caching: str
) -> None:
    async with bridge(FakeBackend(), BridgeOptions(studios=studios)) as http:
        response = await http.get(path)
        assert (response.status, response.headers["Cache-Control"]) == (200, caching)
        again = await http.get(path, headers={"If-None-Match": response.headers["ETag"]})
        assert again.status == 304


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%2f..%2fsecret.txt",
        ),
        *("/link.txt", "/assets/gone.js", "/a%00b.js", "//secret.txt", "/%2fetc%2fhostname.x"),
        *(
            "/..%5csecret.txt",
            "/assets",
            "/assets/none",
            "/./../secret.txt",
            "/assets/../../secret.txt",
        ),
    ],
)
async def test_nothing_outside_the_folder_is_served(studios: Path, path: str) -> None:
    async with bridge(FakeBackend(), BridgeOptions(studios=studios)) as http:
        port = (await http.get("/healthz")).url.port
        answer = await asked_as_written(path, port or 0)
    # A path that begins with two slashes is an authority to some parsers: also nothing to serve.
    assert answer.startswith(("HTTP/1.1 404", "HTTP/1.1 400"))
    assert "secret" not in answer.partition("\r\n\r\n")[2].replace("secret.txt", "")


async def test_the_api_keeps_its_own_errors(studios: Path) -> None:
    async with bridge(FakeBackend(), BridgeOptions(studios=studios)) as http:
        assert (await http.get("/v1/nowhere")).status == 404
        assert (await http.post("/chat")).status == 404


async def test_without_built_studios_there_is_the_status_page(tmp_path: Path) -> None:
    async with bridge(FakeBackend(), BridgeOptions(studios=tmp_path)) as http:
        assert "Capabilities" in await (await http.get("/")).text()
        assert (await http.get("/chat")).status == 404
        (tmp_path / "index.html").write_text("built meanwhile")
        assert "built meanwhile" in await (await http.get("/")).text()
