"""The REST routes, derived from `treadle.api`, and the project's pages, beside the endpoint."""

from treadle.web.routes import Routes

__all__ = ["Routes"]
