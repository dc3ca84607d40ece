"""How embedding ends where it brings no vectors."""


class EmbeddingError(RuntimeError):
    """A provider could not embed the texts; the message says what to do."""


class DryRun(SystemExit):
    """Only the plan was asked for: the program ends well, with nothing done."""

    def __init__(self, plan: str) -> None:
        """Take the plan in words; it is the text of this exception."""
        super().__init__(0)
        self.plan = plan

    def __str__(self) -> str:
        """The plan."""
        return self.plan

    def __reduce__(self) -> tuple[type["DryRun"], tuple[str]]:
        """Let the exception pass from another process."""
        return type(self), (self.plan,)


class EmbeddingStopped(KeyboardInterrupt):
    """The user stopped the work; the message says what is kept and how to resume.

    Not an ``Exception``, as stopping is no error that anything should catch and report.
    """
