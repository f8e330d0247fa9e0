"""What stands on tapes is key material: no traceback and no log shows it."""

from postproc.authentication.pool import KeyName
from qkdctl.keystore.hash_keys import Generation
from qkdctl.recording.records import VERSION, Drew, Head, PoolState, Took
from tests.keystore.conftest import make_key

SECRET = b"secret-key-bytes"


def test_no_repr_shows_what_is_secret():
    generation = Generation(b"n" * 16, {"alice": SECRET, "bob": SECRET}, 3, 1.0, ())
    free = {"alice": ((KeyName(b"n" * 16, 0), SECRET),), "bob": ()}
    pool = PoolState(b"n" * 16, (generation,), 0.0, False, free)
    key = make_key(1)
    head = Head(VERSION, "alice", "", "secret", (), pool, (key,))
    hidden = (SECRET, key.bits.to_bytes(), key.refill["alice"][:16])
    for record in (generation, pool, head, Drew("amplify", 1, SECRET), Took(SECRET), key):
        for text in (repr(record), str(record), f"{record}"):
            assert not any(repr(part)[2:-1] in text or part.hex() in text for part in hidden), text
