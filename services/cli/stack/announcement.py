"""What is printed when a stack has started: one table, and three things to try."""

from rich.console import Console
from rich.table import Table

from services.cli.stack.plan import GATEWAY, Doors, Process
from services.cli.stack.readiness import Readiness

LOOKS = {
    Readiness.READY: "[green]● ready[/]",
    Readiness.STARTING: "[yellow]○ starting[/]",
    Readiness.FAILING: "[red]▲ failing[/]",
    Readiness.NO_WORKER: "[dim]■ no worker[/]",
}


def announce(
    console: Console,
    processes: tuple[Process, ...],
    readiness: dict[str, Readiness],
    doors: Doors,
    *,
    detached: bool,
) -> None:
    """Prints the table and the three things; then how to end."""
    console.print()
    console.print(_table(processes, readiness))
    gateway = next(process for process in processes if process.name == GATEWAY)
    for title, line in _things_to_try(gateway, doors).items():
        console.print(f"[bold]{title}[/]", highlight=False)
        # Not wrapped: a line that is broken cannot be copied.
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
    console.print()
    console.print("End it with `atelier down`." if detached else "Ctrl-C ends all processes.")


def _table(processes: tuple[Process, ...], readiness: dict[str, Readiness]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("process", "what", "address", "metrics", "device", "model", "state"):
        # In a narrow terminal a model's name is folded, and nothing else.
        table.add_column(title, overflow="fold", no_wrap=title != "model")
    for process in processes:
        *serving, metrics = process.ports
        table.add_row(
            process.name,
            process.what,
            "\n".join(port.address for port in serving),
            f":{metrics.number}",
            process.device or "-",
            process.model or "-",
            LOOKS[readiness[process.name]],
        )
    return table


def _things_to_try(gateway: Process, doors: Doors) -> dict[str, str]:
    http, grpc, _ = (port.address for port in gateway.ports)
    question = '{"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
    curl, grpcurl = ["curl -s"], [".venv/bin/grpcurl"]
    if doors.ca:
        curl.append(f"--cacert {doors.ca}")
        grpcurl.append(f"-cacert {doors.ca}")
    elif not doors.secure:
        grpcurl.append("-plaintext")
    if doors.keys:
        curl.append('-H "Authorization: Bearer $ATELIER_KEY"')
        grpcurl.append('-H "authorization: Bearer $ATELIER_KEY"')
    scheme = "https" if doors.secure else "http"
    return {
        "Open in a browser": f"{scheme}://{http}/",
        "Ask by HTTP": (
            f"{' '.join(curl)} {scheme}://{http}/v1/llm/chat "
            f"-H 'Content-Type: application/json' -d '{question}'"
        ),
        "See by gRPC what is served": f"{' '.join(grpcurl)} {grpc} list",
    }
