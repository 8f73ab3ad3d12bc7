"""What object storage answers instead of doing what it was asked, told as a user can mend it, and with nothing secret.

The libraries' own messages are never repeated: they may hold an endpoint's address with a password in it.
"""

from __future__ import annotations

from figureground.core.errors import FigureGroundError

AGAIN = "the same command again then goes on"
_CREDENTIALS = f"give valid ones by the environment or your cloud's own files (docs/object-storage.md); {AGAIN}"
_DENIED = "let these credentials list, read, write and delete there, or use another bucket"
_SLOW = f"wait, or use fewer --workers; {AGAIN}"
# S3's own codes; those of its answers without a text are numbers
_CODES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("NoSuchBucket",), ("there is no such bucket", "make it, or mend the address")),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "403"), ("the storage refuses access", _DENIED)),
    **dict.fromkeys(
        ("ExpiredToken", "TokenRefreshRequired", "RequestExpired"), ("the credentials have expired", _CREDENTIALS)
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "401", "NotSignedUp"),
        ("the storage does not know these credentials", _CREDENTIALS),
    ),
    "RequestTimeTooSkewed": ("this machine's clock and the storage's differ too much", "set this machine's clock"),
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "503", "429"),
        ("the storage asks to slow down, and went on to after several tries", _SLOW),
    ),
    **dict.fromkeys(
        ("InternalError", "500", "502", "504", "RequestTimeout"), ("the storage failed, and went on to", _SLOW)
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "400"),
        ("the bucket is in another region, or the storage does not understand us", "set AWS_REGION, and the endpoint"),
    ),
    **dict.fromkeys(
        ("EntityTooLarge", "MaxMessageLengthExceeded"),
        ("a file is too large for the storage", "use a smaller parts.size"),
    ),
    "InvalidBucketName": ("the bucket's name is none", "mend the address"),
    "QuotaExceeded": ("the storage is full, or a quota used up", f"free some space; {AGAIN}"),
}
_NO_ANSWER = ("the storage does not answer", f"look at the network and the endpoint (AWS_ENDPOINT_URL); {AGAIN}")
_NO_CREDENTIALS = ("there are no credentials for this storage", _CREDENTIALS)


def refused(code: str, where: str) -> FigureGroundError:
    """Return what a code of S3, or the number of an answer, means."""
    what, remedy = _CODES.get(code, (f"the storage answers {code or 'what nobody foresaw'}", _DENIED))
    return FigureGroundError(what, where, remedy)


def failed(error: BaseException, where: str) -> FigureGroundError:
    """Return what any other error of a storage's library means, by its class alone."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
        "DefaultCredentialsError",
        "ClientAuthenticationError",
        "ProfileNotFound",
        "UnauthorizedSSOTokenError",
    }:
        what, remedy = _NO_CREDENTIALS
    elif isinstance(error, PermissionError):
        what, remedy = _CODES["AccessDenied"]
    elif isinstance(error, OSError | TimeoutError) or kinds & {"HTTPClientError", "ClientError", "HttpError"}:
        what, remedy = _NO_ANSWER
    else:
        what, remedy = f"the storage's library fails ({type(error).__name__})", "look at its settings and its version"
    return FigureGroundError(what, where, remedy)
