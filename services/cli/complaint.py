"""What a command says when it cannot do what it was asked."""


class ComplaintError(Exception):
    """One line for a person: what is wrong and how to mend it. `exit_status` is the command's."""

    def __init__(self, text: str, *, exit_status: int = 1) -> None:
        super().__init__(text)
        self.exit_status = exit_status
