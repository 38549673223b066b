"""Errors of the API, as the local archive answers them. Codes and statuses are those of the service model."""


class ApiError(Exception):
    """An answer that is an error: `code` as the service model names it, and a message for the caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def not_found(message: str) -> ApiError:
    return ApiError("ResourceNotFoundException", message)


def quota(message: str) -> ApiError:
    return ApiError("ServiceQuotaExceededException", message)
