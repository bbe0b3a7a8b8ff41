"""The commands that run the processes of this machine."""

import sys
from argparse import Namespace

import grpc
from rich.console import Console

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.cli.client.address import Gateway, gateway_channel, named_gateway
from services.cli.complaint import ComplaintError
from services.cli.stack import launch
from services.cli.stack.configuration import stop_wait_seconds
from services.cli.stack.folder import run_folder
from services.cli.stack.log_lines import is_object
from services.cli.stack.logs import read_logs
from services.cli.stack.readiness import LogMarks, Readiness, wait_until_ready
from services.cli.stack.status import status_table
from services.cli.stack.supervision import Supervision

NOT_RUNNING = 3
GATEWAY_ANSWER_SECONDS = 3.0
# Without a terminal rich assumes 80 columns, which the tables need not keep to.
WIDTH_WITHOUT_TERMINAL = 140


def up(arguments: Namespace) -> int:
    """Starts a stack."""
    launch.start(_console(), run_folder(), detached=arguments.detach)
    return 0


def down(arguments: Namespace) -> int:
    """Ends the stack; it is no error if none runs."""
    ended = launch.stop(_console(), run_folder(), quiet=arguments.quiet)
    if not arguments.quiet:
        _console().print("all processes have ended" if ended else "nothing was running")
    return 0


def restart(arguments: Namespace) -> int:
    """Restarts the named processes, or all; returns when they answer again."""
    supervision = _running()
    processes = {item.name: item for item in launch.load_settings_processes()}
    known = supervision.states()
    names = arguments.process or [name for name in processes if name in known]
    for name in names:
        if name not in known:
            raise ComplaintError(f"no process is called '{name}'; there are {', '.join(known)}")
    chosen = tuple(processes[name] for name in names if name in processes)
    marks = LogMarks.take(chosen, run_folder())
    for name in names:
        _console().print(f"restarting {name}")
        wait = stop_wait_seconds(processes[name]) if name in processes else 30
        supervision.restart(name, wait)
    readiness = wait_until_ready(chosen, supervision, run_folder(), marks, _console().print)
    return 0 if all(state is Readiness.READY for state in readiness.values()) else 1


def status(arguments: Namespace) -> int:
    """Shows processes and capabilities."""
    supervision = _running()
    health, trouble = _health(named_gateway(arguments))
    processes = launch.load_settings_processes()
    _console().print(status_table(processes, supervision.states(), health))
    if trouble:
        _console().print(trouble, highlight=False)
    return 0


def logs(arguments: Namespace) -> int:
    """Prints logs, each line after its process's name unless one process is asked for.

    An object names its process itself, and stays one that a program can read.
    """
    alone = len(arguments.process) == 1
    lines = read_logs(
        run_folder(), arguments.process, lines=arguments.lines, follow=arguments.follow
    )
    for name, line in lines:
        sys.stdout.write(f"{line}\n" if alone or is_object(line) else f"{name:<12} {line}\n")
        sys.stdout.flush()
    return 0


def prepare(_arguments: Namespace) -> int:
    """Makes the starter models."""
    launch.prepare_models(_console())
    return 0


COMMANDS = {
    "up": up,
    "down": down,
    "restart": restart,
    "status": status,
    "logs": logs,
    "prepare": prepare,
}


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def _running() -> Supervision:
    supervision = Supervision(run_folder().socket)
    if supervision.pid() is None:
        raise ComplaintError(
            "Atelier is not running here; start it with `atelier up` or `make run`",
            exit_status=NOT_RUNNING,
        )
    return supervision


def _health(gateway: Gateway) -> tuple[dict[str, str], str]:
    """The state of each capability, and why there is none if the gateway gives no answer."""
    with gateway_channel(gateway) as channel:
        try:
            answer = gateway_pb2_grpc.CapabilityServiceStub(channel).ListCapabilities(
                gateway_pb2.ListCapabilitiesRequest(), timeout=GATEWAY_ANSWER_SECONDS
            )
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return {}, "the gateway tells the states to who has a key; set ATELIER_KEY=<key>"
            return {}, "the gateway does not answer; see `atelier logs gateway`"
        return {item.name: item.state for item in answer.capabilities}, ""
