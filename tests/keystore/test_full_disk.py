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
