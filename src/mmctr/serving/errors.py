"""What is raised for a bundle or a request that can't be answered."""


class BundleError(ValueError):
    """A folder is no bundle that can be used: one sentence on why, and what to do."""


class RequestError(ValueError):
    """A request can't be answered; it says why and where.

    Attributes:
        where: Names and places that lead to the value, such as ``("row", "position")``.
    """

    def __init__(self, why: str, where: tuple[str | int, ...] = ()) -> None:
        """Say why, and where in the request."""
        super().__init__(why)
        self.where = where


class UnknownItemsError(RequestError):
    """Candidates that the bundle does not have, where these are refused."""


class ExportError(ValueError):
    """A bundle that can't be exported: one sentence on why, and what to do."""
