import base64
import hashlib
import re

from services.gateway.bridge import BridgeOptions
from tests.support.bridge_backend import FakeBackend
from tests.support.bridge_client import bridge


async def test_the_pages_policy_allows_its_own_parts_and_nothing_else() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.get("/")
        text = await response.text()
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        found = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not re.search(
        r"\son\w+=|\sstyle=|<script |<link rel=.stylesheet|https?://(?!www.w3)", text
    )


async def test_the_gateway_speaks_for_itself() -> None:
    serving = True
    async with bridge(FakeBackend(), BridgeOptions(serving=lambda: serving)) as http:
        response = await http.get("/healthz")
        assert (response.status, await response.json()) == (200, {"status": "serving"})
        serving = False
        response = await http.get("/healthz")
        assert (response.status, await response.json()) == (503, {"status": "not serving"})
