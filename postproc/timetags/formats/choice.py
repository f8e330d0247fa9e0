"""Which format a file has (told by its content), and which one it shall get (told by its suffix)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal, get_args

from postproc.errors import InputError
from postproc.timetags.formats.id900 import open_id900, recognise_id900, write_id900
from postproc.timetags.formats.plain_or_gzip import read_head
from postproc.timetags.formats.ptu_header import MAGIC as PTU_MAGIC
from postproc.timetags.formats.ptu_reader import open_ptu
from postproc.timetags.formats.ptu_writer import write_ptu
from postproc.timetags.formats.qutag import open_qutag, recognise_qutag, write_qutag
from postproc.timetags.formats.sealed import MAGIC as SEALED_MAGIC
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.formats.sfifteen import open_sfifteen, recognise_binary, recognise_hexadecimal
from postproc.timetags.formats.sfifteen_writer import sfifteen_writer
from postproc.timetags.formats.sources import StateSource, TagSource
from postproc.timetags.formats.swabian import open_swabian, recognise_swabian, write_swabian
from postproc.timetags.formats.text_reader import TextSource, recognise_text
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import Ratio
from postproc.timetags.types import TagChunk

Form = Literal["hdf5", "text", "csv", "ptu", "a0", "a0x", "a1", "a1x", "a2", "swabian", "qutag", "id900"]
Written = Form | Literal["text.gz", "csv.gz"]

FORMS: Final[tuple[Form, ...]] = get_args(Form)
"""The project's own HDF5 and text; PicoQuant's PTU; S-Fifteen's hexadecimal (a0, a2) and binary (a1) events, with
the high word first (x); Swabian's 16-byte records; quTAG's binary; ID900's u64 stream."""

Writer = Callable[[Path, Iterable[TagChunk], TagHeader], None]

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

#: Files that people may well hold, by how they begin, and that are not read.
_FOREIGN_MAGIC = {
    b"PQHISTO": "a PicoQuant histogram, which holds no time tags",
    b"PicoHarp 300": "a PicoHarp file of before 2013; PicoQuant's software saves it as PTU",
    b"HydraHarp": "a HydraHarp file of before 2013; PicoQuant's software saves it as PTU",
    b"SITT": "a Swabian .ttbin file, of a closed format; dump the stream's records with the vendor's FileReader",
    b"SQLite format 3": "an SQLite database",
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ": "an xz archive; unpack it first",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it first",
}

_FORMAT_OF_SUFFIX: dict[str, Written] = {
    ".txt": "text",
    ".txt.gz": "text.gz",
    ".csv": "csv",
    ".csv.gz": "csv.gz",
    ".ptu": "ptu",
    ".ts": "a1",
}

#: Suffixes that promise a format which is not written here; a file so named would mislead.
_TAGGERS_SUFFIXES = {".phu", ".pt2", ".pt3", ".ht2", ".ht3", ".ttbin", ".spc", ".bin", ".raw"}
_OTHER_SUFFIXES = {".gz", ".bz2", ".xz", ".zst", ".zip", ".json", ".mat", ".npy", ".npz", ".parquet"}


def open_source(
    path: Path, tick_ps: Ratio | None, form: Form | None = None, key: RecordingKey | None = None
) -> TagSource | StateSource:
    """Open a recording with the reader that its content asks for.

    Raises
    ------
    InputError
        If the file cannot be read, is empty or has no format that is read here.
    """
    if path.is_dir():
        from postproc.timetags.formats.segment_folder import SegmentFolder  # h5py takes 0.1 s to import

        return SegmentFolder(path, key)
    head = read_head(path)
    if not head:
        raise InputError(f"{path} is empty; expected a recording")
    form = form or _recognise(path, head)
    match form:
        case "text" | "csv":
            return TextSource(path, own=recognise_text(head, str(path)) or False, tick_ps=tick_ps)
        case "qutag":
            return open_qutag(path, tick_ps)
    if tick_ps is not None:
        raise InputError(f"{path} states its own unit of time; leave the tick out")
    return _open_with_unit(path, form, key)


def is_segment_folder(path: Path) -> bool:
    """Tell whether a path is a folder that holds segments of a recording."""
    from postproc.timetags.formats.segment_folder import SEGMENT_NAME  # h5py takes 0.1 s to import

    return path.is_dir() and any(SEGMENT_NAME.fullmatch(part.name) for part in path.iterdir())


def written_format(path: Path) -> Written:
    """Choose the format for a file that is to be written: HDF5 unless the suffix says otherwise.

    Raises
    ------
    InputError
        If the suffix stands for a format that cannot be written.
    """
    name = path.name.lower()
    for suffix, written in _FORMAT_OF_SUFFIX.items():
        if name.endswith(suffix):
            return written
    if path.suffix.lower() in _TAGGERS_SUFFIXES | _OTHER_SUFFIXES:
        raise InputError(
            f"cannot write {path}: {path.suffix} files are not written here; "
            "use .h5 (the project's own recording), .txt, .txt.gz, .csv, .ptu or .ts, or name the format"
        )
    return "hdf5"


def instrument_writer(written: Written) -> Writer | None:
    """Give the writer of an instrument's format; None for the project's own."""
    match written:
        case "a0" | "a0x" | "a1" | "a1x" | "a2":
            return _without_gaps(sfifteen_writer(written))
        case "ptu":
            return _without_gaps(write_ptu)
        case "qutag":
            return _without_gaps(write_qutag)
        case "id900":
            return _without_gaps(write_id900)
        case "swabian":
            return write_swabian
    return None


def _recognise(path: Path, head: bytes) -> Form:
    if head.startswith((_HDF5_MAGIC, SEALED_MAGIC)):
        return "hdf5"
    if head.startswith(PTU_MAGIC):
        return "ptu"
    for magic, what in _FOREIGN_MAGIC.items():
        if head.startswith(magic):
            raise InputError(f"{path} is {what}")
    if (form := recognise_hexadecimal(head)) is not None:
        return form
    if recognise_text(head, str(path)) is not None:
        return "text"
    if recognise_swabian(head):
        return "swabian"
    if recognise_qutag(head):
        return "qutag"
    if (form := recognise_binary(head)) is not None:
        return form
    if recognise_id900(head):
        return "id900"
    raise InputError(
        f"{path} is neither an HDF5 recording nor text, nor like any instrument's file that is read here; if it is "
        f"one, name its format: {', '.join(FORMS[3:])}"
    )


def _open_with_unit(path: Path, form: Form, key: RecordingKey | None) -> TagSource | StateSource:
    match form:
        case "hdf5":
            from postproc.timetags.formats.hdf5_reader import open_hdf5  # h5py takes 0.1 s to import

            return open_hdf5(path, key)
        case "ptu":
            return open_ptu(path)
        case "swabian":
            return open_swabian(path)
        case "id900":
            return open_id900(path)
        case "a0" | "a0x" | "a1" | "a1x" | "a2":
            return open_sfifteen(path, form)
    raise AssertionError(form)


def _without_gaps(write: Writer) -> Writer:
    """Refuse what the format cannot say."""

    def writer(path: Path, chunks: Iterable[TagChunk], header: TagHeader) -> None:
        write(path, map(_complete, chunks), header)

    return writer


def _complete(chunk: TagChunk) -> TagChunk:
    if chunk.gaps:
        raise InputError(
            f"the recording has a gap at {chunk.gaps[0].first_ps} ps, and such files cannot say so; use .h5"
        )
    return chunk
