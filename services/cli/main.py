"""The `atelier` command: reads the command line, does it, and says in a line what went wrong."""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from rich.console import Console

from services.cli.arguments import parser
from services.cli.complaint import ComplaintError
from services.common.settings import SettingsError

Command = Callable[[Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    parsed = parser().parse_args(arguments)
    try:
        return _commands()[parsed.command](parsed)
    except ComplaintError as complaint:
        _complain(str(complaint))
        return complaint.exit_status
    except SettingsError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader of our output, `head` for example, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _commands() -> dict[str, Command]:
    # Imported for the command that is run: starting a stack needs no gRPC, chatting no supervisor.
    from services.cli import client_commands, key_commands, stack_commands  # noqa: PLC0415

    return {**stack_commands.COMMANDS, **client_commands.COMMANDS, **key_commands.COMMANDS}


def _complain(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"atelier: {text}", highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
