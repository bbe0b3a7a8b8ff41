"""A gateway over four workers with fake engines, and OpenAI's own clients pointed at it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI, OpenAI

from services.common.settings import CapabilityRow
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.image_fakes import Studio, studio
from tests.support.llm_fakes import ParrotEngine
from tests.support.llm_worker import Llm, serving
from tests.support.tts_fakes import HummingEngine
from tests.support.tts_worker import Tts
from tests.support.tts_worker import serving as serving_tts
from tests.support.video_fakes import FilmStudio, film_studio


@dataclass
class OpenAiStack:
    """The gateway, its workers, and clients that do not try again by themselves."""

    running: RunningGateway
    parrot: ParrotEngine
    llm: Llm
    tts: Tts
    studio: Studio
    film: FilmStudio

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.running.http_port}/v1"

    def client(self, **options: object) -> AsyncOpenAI:
        values: dict[str, object] = {"max_retries": 0, "timeout": 60, "api_key": "none"}
        return AsyncOpenAI(base_url=self.base_url, **(values | options))  # type: ignore[arg-type]

    def sync_client(self) -> OpenAI:
        return OpenAI(base_url=self.base_url, api_key="none", max_retries=0, timeout=60)


def rows(ports: dict[str, int]) -> tuple[CapabilityRow, ...]:
    services = {"llm": "Llm", "tts": "Tts", "image": "Image", "videogen": "Videogen"}
    return tuple(
        CapabilityRow(
            name=name, service=f"atelier.{name}.v1.{service}Service", port=ports[name],
            metrics_port=0,
        )
        for name, service in services.items()
    )  # fmt: skip


@asynccontextmanager
async def openai_stack(**changes: Any) -> AsyncIterator[OpenAiStack]:
    """All of it; `changes` are settings of the gateway."""
    async with AsyncExitStack() as stack:
        parrot = ParrotEngine()
        llm = await stack.enter_async_context(serving(parrot))
        tts = await stack.enter_async_context(serving_tts(HummingEngine()))
        drawing = await stack.enter_async_context(studio())
        film = await stack.enter_async_context(film_studio())
        ports = {
            "llm": llm.port, "tts": tts.port, "image": drawing.port, "videogen": film.port
        }  # fmt: skip
        running = await stack.enter_async_context(running_gateway(0, rows(ports), **changes))
        yield OpenAiStack(running, parrot, llm, tts, drawing, film)
