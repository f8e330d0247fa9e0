"""What the processes of a node are told when they start: one JSON file in the node's private directory."""

from __future__ import annotations

from pathlib import Path

import msgspec

from postproc.files import PRIVATE, write_whole
from postproc.types import Role
from qkdctl.carriers.zeromq import Curve
from qkdctl.config.processes import DEFAULT, Layout
from qkdctl.errors import ConfigurationError
from qkdctl.keystore.entry import Label


class PeerSpec(msgspec.Struct, frozen=True):
    """How the other node is reached.

    Attributes
    ----------
    endpoint : str
        Where to listen, or to connect: ``tcp://HOST:PORT``; a port of ``*`` is chosen by the system.
    listen : bool
    public, secret, peer : str
        CURVE keys in Z85: this node's pair, and the other's public one.
    """

    endpoint: str
    listen: bool
    public: str
    secret: str
    peer: str

    @property
    def curve(self) -> Curve:
        """The keys as a carrier takes them."""
        return Curve(self.public.encode(), self.secret.encode(), self.peer.encode())

    def __repr__(self) -> str:
        return f"<{'listen at' if self.listen else 'connect to'} {self.endpoint}>"


class RecordSpec(msgspec.Struct, frozen=True):
    """What is to be recorded.

    Attributes
    ----------
    folder : str
        Of the party; each session has a folder in it.
    key : str
        File of the secret that encrypts it.
    keep_bytes : int or None
        Size of the ring; everything is kept where it is None.
    session : int
        Number of the session, from 1.
    """

    folder: str
    key: str
    keep_bytes: int | None = None
    session: int = 0

    @property
    def path(self) -> Path:
        """Folder of the session."""
        return Path(self.folder) / f"{self.session:06}"


class NodeSpec(msgspec.Struct, frozen=True):
    """One node's session.

    Attributes
    ----------
    role : {"alice", "bob"}
    directory : str
        The node's private directory: sockets, logs, results.
    scenario : str
        The scenario file.
    rack : dict
        Where the emulated rack hosts instruments, by full name such as ``bob.tagger``.
    recording : str or None
        A recording to play instead of instruments.
    store : str
        The key store.
    label : str
        What the keys are good for.
    peer : PeerSpec
    duration_s : float
        How long to record, from the moment both parties agree.
    wait_s : float
        How long the other node may take to appear.
    restarts : int
        How often a session that breaks may be followed by another.
    mixed : bool
        Real and emulated instruments may stand side by side.
    vouched : tuple of str
        Full names of instruments that cannot say, and that a person says are real.
    calibration : str or None
        A calibration of the scenario.
    seed : int or None
        Seeded randomness, for tests.
    layout : tuple
        Which stages share a process.
    record : RecordSpec or None
        What of the session is recorded; nothing by default.
    retune : str
        The command that is run when a block was refused; none where empty.
    """

    role: Role
    directory: str
    scenario: str
    store: str
    label: Label
    peer: PeerSpec
    duration_s: float
    rack: dict[str, str | dict[str, str]] = {}
    recording: str | None = None
    wait_s: float = 60.0
    restarts: int = 0
    mixed: bool = False
    vouched: tuple[str, ...] = ()
    calibration: str | None = None
    seed: int | None = None
    layout: Layout = DEFAULT
    record: RecordSpec | None = None
    retune: str = ""

    @property
    def path(self) -> Path:
        """The private directory."""
        return Path(self.directory)

    def socket(self, name: str) -> str:
        """Endpoint of one of the node's own sockets."""
        return f"ipc://{self.directory}/{name}"

    @property
    def workers(self) -> list[str]:
        """Names of the node's processes, upstream first."""
        return ["acquire", *(f"stages-{place}" for place in range(len(self.layout))), "channel"]


SPEC_FILE = "node.json"


def write_spec(spec: NodeSpec) -> None:
    """Write the file, for its owner only: it holds a secret key."""
    write_whole(spec.path / SPEC_FILE, msgspec.json.encode(spec), mode=PRIVATE, durable=False)


def read_spec(directory: Path) -> NodeSpec:
    """Read the file.

    Raises
    ------
    ConfigurationError
        If it is not one.
    """
    try:
        return msgspec.json.decode((directory / SPEC_FILE).read_bytes(), type=NodeSpec)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{directory / SPEC_FILE}: {error}") from None
