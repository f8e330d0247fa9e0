"""A key store on a disk without room says just that, whatever it was that found no room."""

from tests.support.small_disk import run_on_small_disk

OPENS = """
from qkdctl.errors import DiskFullError
from qkdctl.keystore.store import KeyStore
path = disk / "alice.sqlite"
KeyStore(path, "alice").__exit__()
full = 0
for pages in range(40):
    fill(4096 * pages)
    try:
        with KeyStore(path, "alice") as store:
            store.pool.import_shared_key(bytes(range(256)) * 400)
    except DiskFullError:
        full += 1
assert full
"""


def test_a_store_that_finds_no_room_beside_it_says_so():
    run_on_small_disk(OPENS)


EXPORTS = """
from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.export import export_key
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, make_key, shared_key
with KeyStore(disk / "alice.sqlite", "alice") as store:
    store.pool.import_shared_key(shared_key())
refused = 0
for block in range(1, 25):
    name, file = key_id(SESSION, block), disk / f"key-{block}"
    with KeyStore(disk / "alice.sqlite", "alice") as store:
        store.stage(make_key(block), "secret", ORIGIN)
        store.confirm(SESSION, block)
        fill(4096 * (block // 2))
        try:
            export_key(store, name, file)
        except RecordingError:
            refused += 1
        (disk / "ballast").unlink()
        assert file.exists() == (store.entry(name).state == "delivered")
        if not file.exists():
            export_key(store, name, file)
    assert file.read_bytes() == make_key(block).bits.to_bytes()
assert 0 < refused < 24
assert not list(disk.glob(".*.part"))
"""


def test_a_key_that_finds_no_room_outside_is_in_one_place():
    run_on_small_disk(EXPORTS)
