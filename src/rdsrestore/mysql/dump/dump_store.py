"""A folder of dumps as they lie on the disk: plain, or encrypted for a key that is kept elsewhere.

Encrypted files are in the age format (age-encryption.org/v1), so that the age program reads them too. What is written
or read passes through pipes: neither a plain file nor a whole one in memory is ever made.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pyrage

from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.secret import Secret

if TYPE_CHECKING:
    from io import BufferedIOBase
from rdsrestore.mysql.session.age_key import identity, sealed

SEALED, PACKED = ".age", ".gz"
"""What a file's name ends with where it is encrypted, and before that where it is compressed."""


BLOCK = 1 << 20


QUICK = 3
"""The level of compression."""


@dataclass(frozen=True)
class DumpStore:
    """A folder; with a `key`, an age identity, new files are encrypted for it. `.gz` in a name means compressed."""

    folder: Path
    key: Secret | None = None

    def at(self, name: str) -> DumpStore:
        """A folder in this one."""
        return DumpStore(self.folder / name, self.key)

    def path(self, name: str) -> Path:
        """Say where a file lies."""
        return self.folder / name

    def named(self, name: str) -> str:
        """Name a new file by how it will lie here."""
        return f"{name}{SEALED}" if self.key else name

    def digest(self, name: str) -> str:
        """The SHA-256 of a file as it lies on the disk."""
        with self.path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Make a file that its owner alone can read; what is written is plain.

        ToolError with code `disk.full` or `dump.unwritten` where it can't be written.
        """
        path = self.path(name)
        path.touch(mode=0o600)
        try:
            with path.open("wb", BLOCK) as file, ExitStack() as through:
                target: BinaryIO = file
                if name.endswith(SEALED):
                    target = through.enter_context(filled(partial(encrypt, target=target, key=self.key)))
                if PACKED in path.suffixes:
                    target = through.enter_context(filled(partial(compress, target=target)))
                yield target
        except OSError as error:
            raise unwritten(path, error) from error

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """Read a file's plain content from its beginning; ToolError where it is encrypted and the key does not fit."""
        with self.path(name).open("rb", BLOCK) as file, ExitStack() as through:
            source: BinaryIO = file
            if name.endswith(SEALED):
                source = through.enter_context(drawn(partial(decrypt, file, key=self.key, name=name)))
            if PACKED in self.path(name).suffixes:
                source = cast("BinaryIO", through.enter_context(gzip.open(source)))
            try:
                yield source
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise changed(name) from error

    def sync(self, *names: str) -> None:
        """See that files are on the disk."""
        for name in names:
            descriptor = os.open(self.path(name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def filled(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Give a pipe whose other end `work` reads in a thread of its own, until it is closed."""
    source, target = os.pipe()

    def read() -> None:
        with os.fdopen(source, "rb", BLOCK) as end:
            work(end)

    with ThreadPoolExecutor(1, thread_name_prefix="dump-store") as pool:
        done = pool.submit(read)
        try:
            with os.fdopen(target, "wb", BLOCK) as end:
                yield end
        finally:
            done.result()  # says why nobody read any more


@contextmanager
def drawn(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Give a pipe whose other end `work` writes in a thread of its own; the rest of it is read and dropped."""
    source, target = os.pipe()

    def write() -> None:
        with os.fdopen(target, "wb", BLOCK) as end:
            work(end)

    with ThreadPoolExecutor(1, thread_name_prefix="dump-store") as pool:
        done = pool.submit(write)
        try:
            with os.fdopen(source, "rb", BLOCK) as end:
                try:
                    yield end
                finally:
                    skip(end)
        finally:
            done.result()  # says why there was no more to read


def skip(source: BinaryIO, size: int | None = None) -> None:
    """Read and forget so many bytes, or all that are left."""
    while (size is None or size > 0) and (block := source.read(min(BLOCK, BLOCK if size is None else size))):
        size = None if size is None else size - len(block)


def copy(source: BinaryIO, size: int, target: BinaryIO) -> None:
    """Copy so many bytes."""
    while size > 0 and (block := source.read(min(BLOCK, size))):
        target.write(block)
        size -= len(block)


def encrypt(source: BinaryIO, target: BinaryIO, key: Secret | None) -> None:
    """Encrypt a stream for a key."""
    try:
        whom = identity(key, "the dump").to_public()
        pyrage.encrypt_io(cast("BufferedIOBase", source), cast("BufferedIOBase", target), [whom])
    except pyrage.EncryptError as error:
        raise OSError(str(error)) from error


def decrypt(source: BinaryIO, target: BinaryIO, key: Secret | None, name: str) -> None:
    """Decrypt a stream; ToolError with code `dump.sealed` where the key is another one."""
    try:
        pyrage.decrypt_io(cast("BufferedIOBase", source), cast("BufferedIOBase", target), [identity(key, name)])
    except pyrage.DecryptError as error:
        raise sealed(name, f"is encrypted for another key: {error}") from error
    except OSError as error:
        raise changed(name) from error


def compress(source: BinaryIO, target: BinaryIO) -> None:
    """Compress a stream."""
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=QUICK) as packed:
        shutil.copyfileobj(source, packed, BLOCK)


def changed(name: str) -> ToolError:
    """Say that a file is not what it was."""
    hint = "fetch it from a copy of the run's folder, or run the same command again"
    return ToolError("dump", f"{name} is not what was written, and can't be read", hint, code="dump.changed")


def unwritten(path: Path, error: OSError) -> ToolError:
    """Say that a file can't be written."""
    hint = "free some space there, or set RDSRESTORE_HOME to another disk, then run the same command again"
    return ToolError("dump", f"{path.name} can't be written: {error.strerror or error}", hint, code="dump.unwritten")
