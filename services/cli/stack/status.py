"""The table of `atelier status`: the processes, with the states of their capabilities."""

import time

from rich.table import Table
from rich.text import Text

from services.cli.client.lights import light, short_age
from services.cli.stack.plan import Process
from services.cli.stack.supervision import ProcessState

PROCESS_STYLES = {"RUNNING": "green", "STARTING": "yellow", "BACKOFF": "red", "FATAL": "red"}


def status_table(
    processes: tuple[Process, ...], states: dict[str, ProcessState], health: dict[str, str]
) -> Table:
    """`health` has the state of each capability by name; empty if no gateway answers."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("process", "state", "pid", "for", "address", "capability"):
        table.add_column(title, no_wrap=title != "address")
    for process in processes:
        state = states.get(process.name)
        table.add_row(
            process.name,
            _state(process, state),
            str(state.pid) if state and state.pid else "-",
            short_age(time.time() - state.since) if state and state.since else "-",
            process.ports[0].address,
            light(health[process.name]) if process.name in health else "-",
        )
    return table


def _state(process: Process, state: ProcessState | None) -> Text:
    if not process.exists:
        return Text("no worker", "dim")
    if state is None:
        return Text("not in this run; restart the stack", "yellow")
    return Text(state.state.lower(), PROCESS_STYLES.get(state.state, ""))
