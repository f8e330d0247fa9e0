"""What one host needs of a network, in one file: its nodes' own, their ends of links, and no secret of anybody else.

A network is set up at one host, whose operator is its CA. From there each other host gets a parcel: the directories
of its nodes, their ends of links, their applications' certificates, the CA's certificate and revocation list. The CA's
key stays.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from postproc.files import write_new
from qkdctl.errors import RecordingError, UsageError
from qkdctl.network.layout import Layout
from qkdctl.network.spec import SPEC_FILE, NodeSpec, read_spec

MOST_BYTES = 2**28
OWN = (SPEC_FILE, "identity", "*.crt", "*.key", "*.seed")


def pack(specs: dict[str, NodeSpec], names: list[str], directory: Path, target: Path) -> None:
    """Write the parcel of a host.

    Parameters
    ----------
    specs : dict of str to NodeSpec
        Of all nodes.
    names : list of str
        The nodes of that host.
    directory : Path
        The network's.
    target : Path
        A file that is not there yet; for its owner only.

    Raises
    ------
    RecordingError
        If it cannot be written.
    """
    parcel = io.BytesIO()
    with tarfile.open(fileobj=parcel, mode="w") as tar:
        for path in sorted({path for name in names for path in _belongings(specs[name], Layout(directory))}):
            tar.add(path, path.relative_to(directory), recursive=False)
    try:
        write_new(target, parcel.getvalue())
    except OSError as error:
        raise RecordingError(f"{target}: cannot be written: {error.strerror}") from None


def _belongings(spec: NodeSpec, layout: Layout) -> Iterator[Path]:
    yield layout.state
    home = layout.node(spec.name)
    yield from (path for pattern in OWN for path in home.glob(pattern))
    for link in spec.links:
        yield from layout.link(link.name).glob(f"{link.party}.seed")
    pki = layout.domain(spec.domain)
    yield from (pki / "ca.crt", pki / "ca.crl")
    for sae in spec.saes:
        yield from (pki / f"{sae}.crt", pki / f"{sae}.key")
    for border in spec.borders:
        if border.node == spec.name:
            yield Path(border.revoked)


def unpack(parcel: Path, directory: Path) -> list[str]:
    """Put a parcel's files where they belong, those that are not there; give the names of its nodes.

    Raises
    ------
    UsageError
        If the directory is another network's.
    RecordingError
        If the parcel cannot be read, is none, or its files cannot be written.
    """
    layout = Layout(directory)
    files = dict(_read(parcel))
    state = files.get(PurePosixPath(layout.state.name))
    nodes = [path.parent.name for path in files if path.name == SPEC_FILE]
    if state is None or not nodes:
        raise RecordingError(f"{parcel}: is no parcel of a network; qkdctl network pack makes one")
    if layout.state.exists() and layout.state.read_bytes() != state:
        raise UsageError(f"{directory}: is another network; name another directory")
    try:
        for path, data in files.items():
            _place(directory / path, data)
        for link in (link for name in nodes for link in read_spec(layout.node(name)).links):
            Path(link.store).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None
    return nodes


def _place(path: Path, data: bytes) -> None:
    missing = [parent for parent in (path.parent, *path.parent.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700)
    if not path.exists():
        write_new(path, data)


def _read(parcel: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        if parcel.stat().st_size > MOST_BYTES:
            raise RecordingError(f"{parcel}: has more than {MOST_BYTES} bytes")
        with tarfile.open(parcel, "r:") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                file = tar.extractfile(member) if member.isreg() else None
                if file is None or path.is_absolute() or ".." in path.parts:
                    raise RecordingError(f"{parcel}: has {member.name[:100]!r}, which no parcel has")
                yield path, file.read()
    except (OSError, tarfile.TarError) as error:
        raise RecordingError(f"{parcel}: cannot be read: {error}") from None
