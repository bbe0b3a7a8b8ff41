"""Which processes the settings ask for. Knows the settings, starts nothing."""

import importlib.util
from dataclasses import dataclass

from services.common.settings import CapabilityRow, GatewaySettings, Settings
from services.common.settings_tls import CA_FILE

GATEWAY = "gateway"


@dataclass(frozen=True)
class Port:
    """A port that a process listens on."""

    key: str
    """The setting that names it, "gateway.http_port"."""
    host: str
    number: int

    @property
    def variable(self) -> str:
        """The environment variable of the setting, "ATELIER_GATEWAY_HTTP_PORT"."""
        table, _, key = self.key.rpartition(".")
        return f"ATELIER_{table.rpartition('.')[2]}_{key}".upper()

    @property
    def address(self) -> str:
        """Host and port for a person or a client on this machine."""
        return f"{reachable_host(self.host)}:{self.number}"


@dataclass(frozen=True)
class Process:
    """One process of the stack."""

    name: str
    """As supervisor, the logs and the metrics name it: "gateway", "llm"."""
    what: str
    """For people: what it serves, a line for each of its addresses."""
    module: str
    """What `python -m` runs; empty if there is no worker for the capability."""
    ports: tuple[Port, ...]
    """The metrics port comes last."""
    shutdown_grace_seconds: float
    model: str = ""
    device: str = ""

    @property
    def exists(self) -> bool:
        """Whether there is something to run."""
        return bool(self.module)


def plan_processes(settings: Settings) -> tuple[Process, ...]:
    """The gateway first, then a process for each capability in the order of the settings."""
    return (_gateway(settings.gateway), *(_worker(row) for row in settings.capabilities))


@dataclass(frozen=True)
class Doors:
    """How the gateway's faces are entered."""

    secure: bool = False
    """By TLS."""
    ca: str = ""
    """The authority of their certificate, if it is one of our own."""
    keys: bool = False
    """With an API key only."""


def plan_doors(settings: Settings) -> Doors:
    """The doors that the settings ask for."""
    secure = settings.tls.faces is not None
    ca = settings.tls.in_folder(CA_FILE) if secure and not settings.tls.certificate else None
    return Doors(secure, str(ca or ""), settings.access.keys_path.exists())


def reachable_host(host: str) -> str:
    """An address on which a client of this machine reaches what listens on `host`."""
    if host in ("0.0.0.0", "", "*"):
        return "127.0.0.1"
    if host in ("::", "[::]"):
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _gateway(settings: GatewaySettings) -> Process:
    return Process(
        name=GATEWAY,
        what="HTTP\ngRPC",
        module="services.gateway",
        ports=(
            Port("gateway.http_port", settings.host, settings.http_port),
            Port("gateway.grpc_port", settings.host, settings.grpc_port),
            Port("gateway.metrics_port", settings.host, settings.metrics_port),
        ),
        shutdown_grace_seconds=settings.shutdown_grace_seconds,
    )


def _worker(row: CapabilityRow) -> Process:
    where = f"capabilities.{row.name}"
    return Process(
        name=row.name,
        what=row.service.rpartition(".")[2],
        module=row.worker_module if row.start and _can_run(row.worker_module) else "",
        ports=(
            Port(f"{where}.port", row.host, row.port),
            Port(f"{where}.metrics_port", row.host, row.metrics_port),
        ),
        shutdown_grace_seconds=row.shutdown_grace_seconds,
        model=row.model,
        device=row.device,
    )


def _can_run(module: str) -> bool:
    """Whether `python -m module` has something to run."""
    try:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.submodule_search_locations is None:
            return spec is not None
        return importlib.util.find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False
