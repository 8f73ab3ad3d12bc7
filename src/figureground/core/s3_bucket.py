"""S3, and what speaks like it, through s3fs: conditional writes, uploads in pieces, ranges held to one content."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from figureground.core.bucket import Content, Piece, changed, no_create
from figureground.core.filesystems import Refusal, filesystem, told, waited
from figureground.core.storage_faults import refused

PIECE = 16 * 2**20  # bytes: what is larger than two of these is uploaded in such pieces
_MOST_PIECES = 9_000  # S3 takes 10,000
_SIDE_BY_SIDE = 4  # pieces uploaded at a time
_TRIES = 5  # of an answer that is cut off
_WRITER = "figureground-writer"  # metadata: whose of several that created at once it is
_GONE = {"NoSuchKey", "404", "NotFound"}
_UNMET = {"PreconditionFailed", "412"}
_CONFLICT = {"ConditionalRequestConflict", "OperationAborted", "409"}
_UNKNOWN = {"NotImplemented", "501", "MethodNotAllowed", "405"}


class _CutOffError(Exception):
    """An answer that ended before its end."""


@dataclass(frozen=True)
class S3Bucket:
    """A bucket of S3.  `protocol`: s3 or s3a.  Botocore tries again, with growing pauses of random length, what the
    storage did not answer or was too busy for; here that is done for answers that are cut off."""

    protocol: str
    bucket: str

    def get(self, key: str, start: int, stop: int | None, version: str = "") -> Piece:
        if stop is not None and stop <= start:
            return self._nothing(key)
        wanted: dict[str, Any] = {"Key": key}
        if start or stop is not None:
            wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if version:
            wanted["IfMatch"] = version
        try:
            piece: Piece = self._call(key, lambda client: self._fetched(client, wanted))
        except Refusal as error:
            if error.code in ("InvalidRange", "416"):
                return self._nothing(key)
            if error.code in _UNMET:
                raise changed(self._where(key)) from None
            raise self._told(error, key) from None
        return piece

    def put(self, key: str, data: Content) -> None:
        try:
            if len(data) > 2 * PIECE:
                self._call(key, lambda client: self._upload(client, key, data))
            else:
                body = bytes(data)
                self._ask(key, "put_object", Key=key, Body=body)
        except Refusal as error:
            raise self._told(error, key) from None

    def create(self, key: str, data: bytes) -> bool:
        writer = secrets.token_hex(8)
        wanted = {"Key": key, "Body": data, "IfNoneMatch": "*", "Metadata": {_WRITER: writer}}
        for _ in range(_TRIES):
            try:
                self._ask(key, "put_object", **wanted)
            except Refusal as error:
                if error.code in _CONFLICT:  # somebody is at it this moment
                    continue
                if error.code in _UNMET:
                    return error.tried_again and self._writer_of(key) == writer
                if error.code in _UNKNOWN:
                    raise no_create(self._where(key)) from None
                raise self._told(error, key) from None
            return True
        return False

    def size(self, key: str) -> int | None:
        about = self._about(key)
        return None if about is None else int(about["ContentLength"])

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        more: dict[str, Any] = {}
        while True:
            try:
                page = self._ask(prefix, "list_objects_v2", Prefix=prefix, **more)
            except Refusal as error:
                raise self._told(error, prefix) from None
            for one in page.get("Contents", ()):
                yield one["Key"], int(one["Size"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        try:
            self._ask(key, "delete_object", Key=key)
        except Refusal as error:
            if error.code not in _GONE:
                raise self._told(error, key) from None

    def copy(self, source: str, target: str) -> None:
        from_ = {"Bucket": self.bucket, "Key": source}
        try:
            self._ask(target, "copy_object", Key=target, CopySource=from_)
        except Refusal as error:
            raise self._told(error, source) from None

    def abort_uploads(self, prefix: str) -> None:
        more: dict[str, Any] = {}
        with contextlib.suppress(Refusal):  # storage that keeps none, or does not let us look
            while True:
                page = self._ask(prefix, "list_multipart_uploads", Prefix=prefix, **more)
                for one in page.get("Uploads", ()):
                    about = {"Key": one["Key"], "UploadId": one["UploadId"]}
                    with contextlib.suppress(Refusal):  # ended meanwhile
                        self._ask(prefix, "abort_multipart_upload", **about)
                if not page.get("IsTruncated"):
                    return
                more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def _nothing(self, key: str) -> Piece:
        """Return no bytes of an object.  Raises FileNotFoundError where there is none."""
        about = self._about(key)
        if about is None:
            raise FileNotFoundError(self._where(key))
        return Piece(b"", int(about["ContentLength"]), about["ETag"])

    def _about(self, key: str) -> dict[str, Any] | None:
        try:
            return dict(self._ask(key, "head_object", Key=key))
        except Refusal as error:
            if error.code in _GONE:
                return None
            raise self._told(self._why(key, error), key) from None

    def _why(self, key: str, error: Refusal) -> Refusal:
        """Return why a question was refused whose answer, to HEAD, is a number alone: that to GET says it in words."""
        try:
            self._ask(key, "get_object", Key=key, Range="bytes=0-0")
        except Refusal as told:
            return error if told.code in _GONE else told
        return error

    def _writer_of(self, key: str) -> str:
        return str((self._about(key) or {}).get("Metadata", {}).get(_WRITER, ""))

    async def _fetched(self, client: Any, wanted: dict[str, Any]) -> Piece:
        """Return a range, whole.  Raises _CutOffError."""
        from aiohttp import ClientError as Broken
        from botocore.exceptions import HTTPClientError

        answer = await client.get_object(Bucket=self.bucket, **wanted)
        try:
            async with answer["Body"] as body:
                data = await body.read()
        except (HTTPClientError, Broken, OSError) as error:
            raise _CutOffError from error
        if len(data) != answer["ContentLength"]:
            raise _CutOffError
        total = int(answer.get("ContentRange", f"/{len(data)}").rpartition("/")[2])
        return Piece(data, total, answer["ETag"])

    async def _upload(self, client: Any, key: str, data: Content) -> None:
        """Upload a large object in pieces; it is there when the last call ends, or nothing is."""
        from botocore.exceptions import BotoCoreError, ClientError

        step = max(PIECE, -(-len(data) // _MOST_PIECES))
        begun = await client.create_multipart_upload(Bucket=self.bucket, Key=key)
        about = {"Bucket": self.bucket, "Key": key, "UploadId": begun["UploadId"]}
        room = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def one(number: int) -> dict[str, Any]:
            async with room:
                body = bytes(data[(number - 1) * step : number * step])
                done = await client.upload_part(PartNumber=number, Body=body, **about)
                return {"PartNumber": number, "ETag": done["ETag"]}

        try:
            pieces = await asyncio.gather(*(one(number) for number in range(1, -(-len(data) // step) + 1)))
            await client.complete_multipart_upload(MultipartUpload={"Parts": pieces}, **about)
        except (BotoCoreError, ClientError, OSError):
            with contextlib.suppress(BotoCoreError, ClientError, OSError):  # what is left then, `abort_uploads` finds
                await client.abort_multipart_upload(**about)
            raise

    def _ask(self, key: str, method: str, **wanted: Any) -> Any:
        """Return the answer to one question.  Raises Refusal where the storage refuses."""
        return self._call(key, lambda client: getattr(client, method)(Bucket=self.bucket, **wanted))

    def _call(self, key: str, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        """Return what the storage answers.  Raises Refusal where it refuses."""
        system = filesystem(self.protocol, self._where(key), **_options())

        async def asked() -> Any:
            from aiohttp import ClientError as Broken
            from botocore.exceptions import ClientError
            from botocore.parsers import ResponseParserError

            await system.set_session()
            client = await system.get_s3(self.bucket)
            turn = 0
            while True:
                try:
                    return await ask(client)
                except ClientError as error:
                    again = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
                    raise Refusal(str(error.response.get("Error", {}).get("Code", "")), bool(again)) from None
                except (_CutOffError, ResponseParserError, Broken) as error:
                    turn += 1
                    if turn == _TRIES:
                        raise TimeoutError from error
                await asyncio.sleep(random.uniform(0, 0.2 * 2**turn))  # noqa: S311  no secret

        with told(self._where(key)):
            return waited(system, asked)

    def _told(self, error: Refusal, key: str) -> Exception:
        return FileNotFoundError(self._where(key)) if error.code in _GONE else refused(error.code, self._where(key))

    def _where(self, key: str) -> str:
        return f"{self.protocol}://{self.bucket}/{key}"


def _options() -> dict[str, Any]:
    """Return how s3fs is set up, but for what the environment decides."""
    config: dict[str, Any] = {"connect_timeout": 10, "read_timeout": 60, "max_pool_connections": 64}
    if not {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & os.environ.keys():
        config["retries"] = {"mode": "standard", "max_attempts": 6}  # pauses of up to 20 s, by chance
    return {"config_kwargs": config, "use_listings_cache": False}
