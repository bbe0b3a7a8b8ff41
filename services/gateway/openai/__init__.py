"""OpenAI's HTTP API over the gateway's capabilities and jobs, for the clients that speak it."""

from services.gateway.openai.api import openai_routes
from services.gateway.openai.bodies import Limits
from services.gateway.openai.elsewhere import speaks_openai
from services.gateway.openai.errors import openai_error
from services.gateway.openai.exchange import Options

__all__ = ["Limits", "Options", "openai_error", "openai_routes", "speaks_openai"]
