"""What is raised for a bundle or a request that can't be answered."""


class BundleError(ValueError):
    """A folder is no bundle that can be used: one sentence on why, and what to do."""


class UnknownItemsError(ValueError):
    """Candidates that the bundle does not have, where these are refused."""


class ExportError(ValueError):
    """A bundle that can't be exported: one sentence on why, and what to do."""
