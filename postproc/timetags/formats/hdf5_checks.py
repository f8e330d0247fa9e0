"""Look at an HDF5 file's structure before its data is touched.

A hostile file may declare anything: sizes that fill the memory, storage in other files, filters to be loaded
from elsewhere. All of it stands in small structures that are checked here first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.formats import hdf5_layout as layout
from postproc.timetags.scaling import TIME_LIMIT_PS

_T = TypeVar("_T")

#: In the order in which they are applied, each at most once.
_FILTERS = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32]

#: Bounds of an HDF5 chunk in entries: smaller ones take for ever, larger ones fill the memory.
_CHUNK_ENTRIES = (2**12, 2**22)

#: Deflate cannot do better than 1032 : 1.
_BEST_COMPRESSION = 1100


@contextmanager
def hdf5_errors(path: Path) -> Iterator[None]:
    """Turn whatever h5py raises into `InputError`: with a damaged file it is almost any exception."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:120]
        raise InputError(f"{path} is a damaged HDF5 file ({reason}); copy the recording again") from None


class CheckedNode:
    """A group of an HDF5 file whose children are looked at before they are used."""

    def __init__(self, path: Path, group: Any) -> None:
        self._path = path
        self._group = group

    def fault(self, what: str) -> InputError:
        """Give the error to raise for something that is wrong here."""
        return InputError(f"{self._path} is not a recording as this project writes it: {what}")

    def group(self, name: str) -> CheckedNode:
        """Give a subgroup."""
        return CheckedNode(self._path, self._child(name, h5py.Group))

    def column(self, name: str, dtype: type[np.generic]) -> Column:
        """Give a one-dimensional data set of a known type whose size the file's bytes can bear.

        It must be chunked, which HDF5 never allows of values kept in other files.
        """
        dataset = self._child(name, h5py.Dataset)
        if dataset.dtype != np.dtype(dtype) or dataset.ndim != 1 or dataset.chunks is None:
            found = f"{str(dataset.dtype)[:40]} {dataset.shape}"
            raise self.fault(f"'{name}' must be a chunked list of {np.dtype(dtype)}, it is {found}")
        self._check_filters(name, dataset)
        self._check_size(name, dataset)
        return Column(self, name, dataset)

    def text(self, name: str) -> str:
        """Give an attribute that is a short text."""
        attribute = self._attribute(name)
        kind = attribute.get_type()
        if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str():
            raise self.fault(f"attribute '{name}' must be a text of fixed length")
        if attribute.shape != () or kind.get_size() > layout.MAX_TEXT_BYTES:
            raise self.fault(f"attribute '{name}' must be one text of at most {layout.MAX_TEXT_BYTES} bytes")
        value = self._group.attrs[name]
        return value if isinstance(value, str) else bytes(value).decode("utf-8")

    def json(self, name: str, expected: type[_T]) -> _T:
        """Give an attribute that is JSON of a known form."""
        text = self.text(name)
        try:
            return msgspec.json.decode(text, type=expected)
        except (msgspec.MsgspecError, RecursionError):
            raise self.fault(f"attribute '{name}' must be JSON of the right form") from None

    def integer(self, name: str) -> int:
        """Give an attribute that is an int64."""
        return int(self._number(name, np.int64))

    def positive(self, name: str) -> float:
        """Give an attribute that is a positive float64."""
        value = float(self._number(name, np.float64))
        if not 0 < value < TIME_LIMIT_PS:
            raise self.fault(f"attribute '{name}' must be a positive number, got {value}")
        return value

    def has_attribute(self, name: str) -> bool:
        """Tell whether there is such an attribute."""
        return name in self._group.attrs

    def _number(self, name: str, dtype: type[np.generic]) -> Any:
        attribute = self._attribute(name)
        if attribute.shape != () or attribute.dtype != np.dtype(dtype):
            raise self.fault(f"attribute '{name}' must be one {np.dtype(dtype)}")
        return self._group.attrs[name]

    def _attribute(self, name: str) -> Any:
        if not self.has_attribute(name):
            raise self.fault(f"attribute '{name}' is missing")
        return self._group.attrs.get_id(name)

    def _child(self, name: str, expected: type) -> Any:
        link = self._group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise self.fault(f"'{name}' is missing" if link is None else f"'{name}' is a link, not data")
        child = self._group[name]
        if not isinstance(child, expected):
            raise self.fault(f"'{name}' must be a {expected.__name__.lower()}")
        return child

    def _check_filters(self, name: str, dataset: Any) -> None:
        filters = _filters(dataset)
        if unknown := set(filters) - set(_FILTERS):
            raise self.fault(f"'{name}' is compressed by HDF5 filter {min(unknown)}, which is not read here")
        if filters != [known for known in _FILTERS if known in filters]:
            raise self.fault(f"'{name}': its HDF5 filters are in another order")

    def _check_size(self, name: str, dataset: Any) -> None:
        count, (chunk,) = int(dataset.shape[0]), dataset.chunks
        if not _CHUNK_ENTRIES[0] <= chunk <= _CHUNK_ENTRIES[1]:
            raise self.fault(f"'{name}' has HDF5 chunks of {chunk} entries, expected {_CHUNK_ENTRIES}")
        stored = dataset.id.get_num_chunks()
        bearable = _BEST_COMPRESSION * self._path.stat().st_size + chunk * dataset.dtype.itemsize
        if stored != -(-count // chunk) or count * dataset.dtype.itemsize > bearable:
            raise self.fault(f"'{name}' claims {count} entries, but the file does not hold them")


class Column:
    """A list of numbers whose HDF5 chunks are inflated here, and no further than they may go.

    HDF5 inflates all that there is, and a chunk may hold a thousand times what the list says; or less than it says, and
    HDF5 does not look.

    Parameters
    ----------
    node : CheckedNode
        Where it stands.
    name : str
    dataset : h5py.Dataset
        Looked at before.
    """

    def __init__(self, node: CheckedNode, name: str, dataset: Any) -> None:
        self._node, self._name, self._dataset = node, name, dataset
        self._filters = _filters(dataset)
        self._kept: tuple[int, NDArray[Any]] = -1, np.empty(0, dataset.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many numbers there are."""
        return tuple(self._dataset.shape)

    @property
    def chunks(self) -> tuple[int, ...]:
        """How many of them an HDF5 chunk has."""
        return tuple(self._dataset.chunks)

    def __getitem__(self, part: slice) -> Any:
        """Read a part."""
        start, stop, _ = part.indices(self.shape[0])
        size = self.chunks[0]
        first = start // size
        numbers = range(first, -(-stop // size))
        if h5py.h5z.FILTER_DEFLATE not in self._filters:
            for number in numbers:
                self._measure(number)
            return self._dataset[part]
        found = [self._chunk(number) for number in numbers]
        joined = found[0] if len(found) == 1 else np.concatenate([self._kept[1][:0], *found])
        return joined[start - first * size : stop - first * size]

    def _chunk(self, number: int) -> NDArray[Any]:
        """Give a chunk: the last one is at hand, for blocks end anywhere in them."""
        if self._kept[0] != number:
            self._kept = number, self._read(number)
        return self._kept[1]

    def _read(self, number: int) -> NDArray[Any]:
        size, dtype = self.chunks[0], self._dataset.dtype
        skipped, stored = self._dataset.id.read_direct_chunk((number * size,))
        if skipped >> self._filters.index(h5py.h5z.FILTER_DEFLATE) & 1:
            # HDF5 keeps what deflate would make longer as it is.
            self._measure(number)
            whole: NDArray[Any] = self._dataset[number * size : (number + 1) * size]
            return whole
        return self._inflated(stored, size, dtype)

    def _measure(self, number: int) -> None:
        """See that a chunk that is not deflated has its length: behind a shorter one HDF5 reads on in the memory."""
        stored = self._dataset.id.get_chunk_info_by_coord((number * self.chunks[0],))
        length = self.chunks[0] * self._dataset.dtype.itemsize
        checksum = h5py.h5z.FILTER_FLETCHER32
        if checksum in self._filters and not stored.filter_mask >> self._filters.index(checksum) & 1:
            length += 4
        if stored.size != length:
            raise self._node.fault(
                f"'{self._name}' has an HDF5 chunk stored in {stored.size} bytes, expected {length}"
            )

    def _inflated(self, stored: bytes, size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Inflate a chunk, which has a checksum inside (Adler-32), and put its bytes in order again."""
        length = size * dtype.itemsize
        inflating = zlib.decompressobj()
        data = inflating.decompress(stored, length + 1)
        if len(data) != length or not inflating.eof:
            raise self._node.fault(
                f"'{self._name}' has an HDF5 chunk that does not inflate to {length} bytes, as all of them must"
            )
        if h5py.h5z.FILTER_SHUFFLE not in self._filters:
            return np.frombuffer(data, dtype)
        return np.frombuffer(data, np.uint8).reshape(dtype.itemsize, size).T.ravel().view(dtype)


def _filters(dataset: Any) -> list[int]:
    """Give the HDF5 filters of a data set in the order in which they are applied."""
    plan = dataset.id.get_create_plist()
    return [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
