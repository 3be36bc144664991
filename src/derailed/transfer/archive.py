"""The file: a tar of plain files, so that any tool can open it, and of nothing else, so that nothing can be hidden.

derailed-guild.json · blobs/<sha256> … · pages/00000001-<sha256>.jsonl.gz · … · end.json

Files of a page stand before it. A name is the checksum of what is under it, and never a path anywhere.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Self

import msgspec

from derailed.transfer import BadArchive, Busy, layout

_BLOCK: Final = tarfile.BLOCKSIZE
_CHUNK: Final = 256 << 10
_FIRST: Final = "derailed-guild.json"
_LAST: Final = "end.json"
_PAGE: Final = re.compile(r"pages/([0-9]{8})-([0-9a-f]{64})\.jsonl\.gz")
_BLOB: Final = re.compile(r"blobs/([0-9a-f]{64})")
_SPLIT_AT: Final = layout.PAGE_MAX // 2
_BEGUN: Final = 2 * _BLOCK
"""Less is not even the first file."""
_ZIPPED: Final = zlib.MAX_WBITS | 16


class Part(NamedTuple):
    """One file in the tar."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + -(-self.size // _BLOCK) * _BLOCK


class ReadPage(NamedTuple):
    """A page with what it says, and the files before it by their checksums."""

    number: int
    head: layout.Page
    text: bytes
    blobs: dict[str, Part]
    end: int


class Reader:
    """Reads an archive from its start to its end. Raises BadArchive for whatever is not as it should be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._names = hashlib.sha256()
        first = self._part(0)
        if first is None or first.name != _FIRST:
            raise BadArchive("it is no archive of a guild")
        try:
            self.manifest = layout.decode_manifest(self._content(first))
        except msgspec.DecodeError as error:
            raise BadArchive(f"{_FIRST}: {error}") from None
        if self.manifest.format != layout.FORMAT:
            raise BadArchive(f"it is {self.manifest.format!r}, not {layout.FORMAT!r}")
        if self.manifest.version != layout.VERSION:
            raise BadArchive(f"it is of version {self.manifest.version}, and this Derailed reads {layout.VERSION}")
        self.begin = first.end
        """Where the first page, or its files, begin."""

    def pages(self, *, half: bool = False) -> Iterator[ReadPage]:
        """Every page in its order. `half`: of an export that is not over, as far as it came."""
        self._names, number, blobs = hashlib.sha256(), 0, dict[str, Part]()
        at = self.begin
        while (part := self._next(at, half)) is not None:
            at = part.end
            if found := _BLOB.fullmatch(part.name):
                blobs[found[1]] = part
            elif found := _PAGE.fullmatch(part.name):
                number += 1
                if int(found[1]) != number:
                    raise BadArchive(f"{part.name}: page {number} is missing")
                text = self._unpacked(part, found[2])
                self._names.update(f"{part.name}\n".encode())
                yield ReadPage(number, _head(part, text), text, blobs, part.end)
                blobs = {}
            elif part.name == _LAST and not half:
                self._finish(part, number, blobs)
                return
            else:
                raise BadArchive(f"{part.name[:100]!r} has no place in it")
        if not half:
            raise BadArchive(f"it ends after page {number}: the export was not over, or the file was cut")

    def so_far(self) -> hashlib._Hash:
        """Over the names of the pages that were read. Of all of them it tells this archive from others."""
        return self._names.copy()

    def prove(self, blob: layout.Blob, page: ReadPage) -> Part:
        """The file that the line names. Raises BadArchive when it is not there, or is another."""
        part = page.blobs.get(blob.sha256)
        if part is None or part.size != blob.size:
            raise BadArchive(f"page {page.number}: the file {blob.key} is missing")
        whole = hashlib.sha256()
        for chunk in self.chunks(part):
            whole.update(chunk)
        if whole.hexdigest() != blob.sha256:
            raise BadArchive(f"{part.name}: it is damaged, its checksum is another")
        return part

    def chunks(self, part: Part) -> Iterator[bytes]:
        """What is under a name, a bit at a time."""
        for start in range(0, part.size, _CHUNK):
            self._file.seek(part.start + start)
            yield self._file.read(min(_CHUNK, part.size - start))

    def _next(self, at: int, half: bool) -> Part | None:
        try:
            return self._part(at)
        except BadArchive:
            if half:
                return None  # killed while it was written
            raise

    def _part(self, at: int) -> Part | None:
        """The file that begins there; None at the end."""
        self._file.seek(at)
        head = self._file.read(_BLOCK)
        if not head.strip(b"\0"):
            return None
        try:
            info = tarfile.TarInfo.frombuf(head, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise BadArchive(f"at byte {at}: {error}") from None
        if info.type != tarfile.REGTYPE:
            raise BadArchive(f"{info.name[:100]!r} is no plain file")
        part = Part(info.name, at + _BLOCK, info.size)
        if info.size < 0 or part.start + part.size > self.size:
            raise BadArchive(f"{info.name[:100]!r} is longer than the file")
        return part

    def _content(self, part: Part) -> bytes:
        if part.size > layout.PAGE_MAX:
            raise BadArchive(f"{part.name}: {part.size} bytes are too many")
        return b"".join(self.chunks(part))

    def _unpacked(self, part: Part, digest: str) -> bytes:
        packed = self._content(part)
        if hashlib.sha256(packed).hexdigest() != digest:
            raise BadArchive(f"{part.name}: it is damaged, its checksum is another")
        unpacking = zlib.decompressobj(_ZIPPED)
        try:
            text = unpacking.decompress(packed, layout.PAGE_MAX)
        except zlib.error as error:
            raise BadArchive(f"{part.name}: {error}") from None
        if unpacking.unconsumed_tail:
            raise BadArchive(f"{part.name}: unpacked it is more than {layout.PAGE_MAX} bytes")
        if not unpacking.eof or unpacking.unused_data:
            raise BadArchive(f"{part.name}: it is not one whole gzip file")
        return text

    def _finish(self, part: Part, pages: int, blobs: dict[str, Part]) -> None:
        try:
            end = layout.decode_end(self._content(part))
        except msgspec.DecodeError as error:
            raise BadArchive(f"{_LAST}: {error}") from None
        if (end.pages, end.sha256) != (pages, self._names.hexdigest()):
            raise BadArchive(f"{_LAST}: it is the end of other pages")
        if blobs:
            raise BadArchive(f"blobs/{next(iter(blobs))}: it belongs to no page")


class Writer:
    """Writes an archive beside its place, and gives it its name when it is whole. Killed, it goes on where it was."""

    def __init__(self, path: Path, file: BinaryIO, manifest: layout.Manifest) -> None:
        self.manifest = manifest
        self.reached = layout.Page(section="", whole=True)
        """The last page that is there."""
        self.shape: list[ReadPage] = []
        """The section `shape` of an export that goes on."""
        self._path = path
        self._file = file
        self._names = hashlib.sha256()
        self._pages = 0

    @classmethod
    def open(cls, path: Path, manifest: layout.Manifest) -> Self:
        """Begin, or go on with what was begun of that guild. Raises BadArchive, Busy, OSError."""
        if path.exists():
            raise Busy(f"{path} is there already")
        half = path.with_name(f"{path.name}.half")
        file = os.fdopen(os.open(half, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            writer = cls(path, file, manifest)
            writer._go_on(half)
        except BlockingIOError:
            file.close()
            raise Busy(f"another export writes {half}") from None
        except BaseException:
            file.close()
            raise
        return writer

    def page(self, head: layout.Page, lines: Sequence[layout.Line]) -> None:
        """Add a page, as several when it is large: then only the last is `whole`. What names a file comes first."""
        rest, size = list[bytes](), 0
        for line in map(layout.encode, lines):
            if size > _SPLIT_AT:
                self._page(msgspec.structs.replace(head, whole=False), rest)
                rest, size = [], 0
            rest.append(line)
            size += len(line)
        self._page(head, rest)
        if head.whole:
            self.reached = head

    async def blob(self, chunks: AsyncGenerator[bytes, None]) -> str:
        """Add a file of the next page; its checksum."""
        at, whole, size = self._file.tell(), hashlib.sha256(), 0
        self._file.write(bytes(_BLOCK))  # without a name until it is there
        async for chunk in chunks:
            self._file.write(chunk)
            whole.update(chunk)
            size += len(chunk)
        self._file.write(bytes(-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(at)
        self._file.write(_header(f"blobs/{whole.hexdigest()}", size))
        self._file.seek(end)
        return whole.hexdigest()

    def keep_shape(self) -> None:
        """The section `shape` is there: read it back."""
        at = self._file.tell()
        pages = Reader(self._file).pages(half=True)
        self.shape = [page for page in pages if page.head.section == "shape"]
        self._file.seek(at)

    def finish(self) -> None:
        """Nothing comes any more: seal it, and put it in its place."""
        self._add(_LAST, layout.encode(layout.End(pages=self._pages, sha256=self._names.hexdigest())))
        self._file.write(bytes(2 * _BLOCK))
        self._file.flush()
        os.fsync(self._file.fileno())
        half = self._path.with_name(f"{self._path.name}.half")
        half.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _go_on(self, half: Path) -> None:
        """Be where the last start came to."""
        end = 0
        if self._file.seek(0, os.SEEK_END) >= _BEGUN:
            try:
                reader = Reader(self._file)
            except BadArchive as error:
                raise Busy(f"{half} is there, and not half of an export: {error}") from None
            if reader.manifest.guild_id != self.manifest.guild_id:
                raise Busy(f"{half} is half of the export of another guild: {reader.manifest.guild_id}")
            self.manifest = reader.manifest
            end = self._read_again(reader)
        self._file.seek(end)
        self._file.truncate()
        if not end:
            self._add(_FIRST, layout.encode(self.manifest))

    def _read_again(self, reader: Reader) -> int:
        end, shape = reader.begin, list[ReadPage]()
        try:
            for page in reader.pages(half=True):
                for line in lines(page):
                    if isinstance(line, layout.Blob):
                        reader.prove(line, page)
                if page.head.section == "shape":
                    shape.append(page)
                if page.head.whole:
                    end, self._names, self._pages, self.reached = page.end, reader.so_far(), page.number, page.head
        except BadArchive:
            pass  # what came last was not written to its end: from before it on it is written again
        self.shape = shape if self.reached.section else []
        return end

    def _page(self, head: layout.Page, lines: Sequence[bytes]) -> None:
        packed = gzip.compress(b"\n".join([layout.encode(head), *lines, b""]), 6, mtime=0)
        self._pages += 1
        name = f"pages/{self._pages:08d}-{hashlib.sha256(packed).hexdigest()}.jsonl.gz"
        self._names.update(f"{name}\n".encode())
        self._add(name, packed)

    def _add(self, name: str, content: bytes) -> None:
        self._file.write(_header(name, len(content)) + content + bytes(-len(content) % _BLOCK))
        self._file.flush()


def lines(page: ReadPage) -> Iterator[layout.Line]:
    """What a page says, but for its head. Raises BadArchive."""
    if b"\\u0000" in page.text:
        raise BadArchive(f"page {page.number}: a text has a null character, which no database keeps")
    start = page.text.index(b"\n") + 1
    number = 1
    while start < len(page.text):
        number += 1
        end = page.text.find(b"\n", start, start + layout.LINE_MAX)
        if end < 0:
            raise BadArchive(f"page {page.number}, line {number}: it has no end, or is longer than {layout.LINE_MAX}")
        yield _decoded(page.text[start:end], f"page {page.number}, line {number}")
        start = end + 1


def _head(part: Part, text: bytes) -> layout.Page:
    line, mark, _ = text.partition(b"\n")
    head = _decoded(line[: layout.LINE_MAX], part.name) if mark else None
    if not isinstance(head, layout.Page):
        raise BadArchive(f"{part.name}: it does not begin with what it is")
    return head


def _decoded(line: bytes, where: str) -> layout.Line:
    try:
        decoded: layout.Line = layout.decode_line(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadArchive(f"{where}: {error}") from None
    return decoded


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT)
