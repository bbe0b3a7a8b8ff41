"""The gateway's HTTP face, made from the protos: routes, JSON, event streams, the front page."""

from services.gateway.bridge.app import BridgeOptions, build_app
from services.gateway.bridge.backend import Backend, CallFailed
from services.gateway.bridge.server import HttpServer
from services.gateway.bridge.sse import Pace

__all__ = ["Backend", "BridgeOptions", "CallFailed", "HttpServer", "Pace", "build_app"]
