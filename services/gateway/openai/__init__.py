"""OpenAI's HTTP API over the gateway's capabilities and jobs, for the clients that speak it."""

from services.gateway.openai.api import OpenAiFace
from services.gateway.openai.bodies import Limits
from services.gateway.openai.exchange import Options

__all__ = ["Limits", "OpenAiFace", "Options"]
