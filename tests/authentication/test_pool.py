"""What every authentication pool does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.pool import LATE, KeyName, block_source
from postproc.errors import InputError, PoolExhausted
from tests.authentication.conftest import SHARED_KEY
from tests.support.profiles import SHARED_FIXTURE

SOURCE = SHARED_KEY[:16]


def part(place):
    """The 16-byte parts of the pre-shared key, counted from 0."""
    return SHARED_KEY[16 * place : 16 * (place + 1)]


def test_the_pre_shared_key_is_cut_as_documented(make_pool):
    pool = make_pool()
    assert pool.hash_key("alice") == part(1)
    assert pool.hash_key("bob") == part(2)
    assert pool.take("alice") == (KeyName(part(0), 0), part(3))
    assert pool.take("bob") == (KeyName(part(0), 0), part(4))
    assert pool.take("alice") == (KeyName(part(0), 1), part(5))
    assert pool.remaining("alice") == 98
    assert pool.remaining("bob") == 99


def test_every_key_is_taken_once_and_then_there_is_none(make_pool):
    pool = make_pool()
    taken = [pool.take("alice") for _ in range(100)]
    assert len({name for name, _ in taken}) == len({key for _, key in taken}) == 100
    with pytest.raises(PoolExhausted, match="no one-time authentication key is left"):
        pool.take("alice")
    assert pool.remaining("bob") == 100


def test_peeking_uses_nothing_up(make_pool):
    pool = make_pool()
    assert pool.peek("bob", KeyName(SOURCE, 7)) == pool.peek("bob", KeyName(SOURCE, 7)) == part(4 + 2 * 7)
    assert pool.remaining("bob") == 100


def test_a_used_key_is_not_free_again(make_pool):
    pool = make_pool()
    pool.mark_used("bob", KeyName(SOURCE, 3))
    for use in (pool.peek, pool.mark_used):
        with pytest.raises(PoolExhausted, match="not free"):
            use("bob", KeyName(SOURCE, 3))


def test_a_taken_key_is_not_free_for_the_peers_words_either(make_pool):
    pool = make_pool()
    name, _ = pool.take("alice")
    with pytest.raises(PoolExhausted):
        pool.peek("alice", name)


@pytest.mark.parametrize("name", [KeyName(SOURCE, 100), KeyName(bytes(16), 0)])
def test_what_this_end_never_had_is_not_free(make_pool, name):
    with pytest.raises(PoolExhausted, match="never had it"):
        make_pool().peek("bob", name)


def test_keys_that_were_skipped_do_not_count_as_left_but_may_come_late(make_pool):
    pool = make_pool()
    pool.mark_used("bob", KeyName(SOURCE, LATE))
    assert pool.remaining("bob") == 100 - LATE - 1
    assert pool.peek("bob", KeyName(SOURCE, 1))
    pool.mark_used("bob", KeyName(SOURCE, 1))
    assert pool.remaining("bob") == 100 - LATE - 1


def test_keys_too_far_back_are_given_up(make_pool):
    pool = make_pool()
    pool.mark_used("bob", KeyName(SOURCE, LATE + 9))
    with pytest.raises(PoolExhausted, match="gave it up"):
        pool.peek("bob", KeyName(SOURCE, 9))
    assert pool.peek("bob", KeyName(SOURCE, 10))


def test_a_block_refills_both_directions_behind_what_is_there(make_pool):
    pool = make_pool()
    source = block_source(b"session", 5)
    pool.refill(source, {"alice": b"a" * 32, "bob": b"b" * 16})
    assert pool.remaining("alice") == 102
    assert pool.remaining("bob") == 101
    assert pool.peek("alice", KeyName(source, 1)) == b"a" * 16
    for _ in range(100):
        pool.take("bob")
    assert pool.take("bob") == (KeyName(source, 0), b"b" * 16)


def test_a_source_cannot_refill_twice_even_when_all_its_keys_are_used(make_pool):
    pool = make_pool()
    source = block_source(b"session", 5)
    keys = {"alice": b"a" * 16, "bob": b""}
    pool.refill(source, keys)
    pool.mark_used("alice", KeyName(source, 0))
    for again in (source, SOURCE):
        with pytest.raises(InputError, match="may have been used"):
            pool.refill(again, keys)


def test_a_refill_that_is_no_whole_number_of_keys_changes_nothing(make_pool):
    pool = make_pool()
    with pytest.raises(InputError, match="whole number"):
        pool.refill(block_source(b"session", 5), {"alice": b"a" * 16, "bob": b"b" * 17})
    assert pool.remaining("alice") == pool.remaining("bob") == 100


def test_blocks_name_their_keys_alike_at_both_ends_and_apart_from_each_other():
    names = {block_source(session, block) for session in (b"one", b"two") for block in range(100)}
    assert len(names) == 200
    assert all(len(name) == 16 for name in names)
    assert block_source(b"one", 3) == block_source(b"one", 3)


@given(st.permutations(range(4)), st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_equal_names_mean_equal_keys_whatever_the_ends_missed(alice_order, bob_order, missed):
    """Blocks are confirmed in different order, and some by one end only."""
    alice, bob = MemoryPool(SHARED_KEY), MemoryPool(SHARED_KEY)
    refills = {n: {"alice": bytes([n]) * 48, "bob": bytes([n]) * 32} for n in range(4)}
    for pool, order, without in ((alice, alice_order, set()), (bob, bob_order, missed)):
        for block in order:
            if block not in without:
                pool.refill(block_source(b"", block), refills[block])
    while alice.remaining("alice"):
        name, key = alice.take("alice")
        try:
            assert bob.peek("alice", name) == key
            bob.mark_used("alice", name)
        except PoolExhausted:
            assert name.source in {block_source(b"", block) for block in missed}


@given(st.data())
@settings(max_examples=30, suppress_health_check=SHARED_FIXTURE)
def test_whatever_is_done_a_pool_follows_the_simplest_model(make_pool, data):
    pool, model = make_pool(), Model()
    for step in range(data.draw(st.integers(1, 40))):
        sender = data.draw(st.sampled_from(["alice", "bob"]))
        action = data.draw(st.sampled_from(["take", "use", "refill"]))
        if action == "take":
            assert outcome(pool.take, sender) == outcome(model.take, sender)
        elif action == "use":
            place = data.draw(st.integers(0, len(model.rows[sender]) - 1))
            name = model.rows[sender][place][0]
            assert outcome(pool.peek, sender, name) == outcome(model.peek, sender, name)
            assert outcome(pool.mark_used, sender, name) == outcome(model.use, sender, name)
        else:
            keys = {role: bytes([step]) * 16 * data.draw(st.integers(0, 80)) for role in model.rows}
            pool.refill(block_source(b"", step), keys)
            model.refill(block_source(b"", step), keys)
        assert pool.remaining(sender) == model.remaining(sender)


def outcome(action, *arguments):
    try:
        return action(*arguments)
    except (PoolExhausted, LookupError):
        return "no"


class Model:
    """A row of [name, key] for each direction; the key becomes None when it is gone."""

    def __init__(self):
        self.rows = {"alice": [], "bob": []}
        self.youngest = {"alice": -1, "bob": -1}
        one_time = SHARED_KEY[48:]
        self.refill(
            SOURCE,
            {
                role: b"".join(one_time[i : i + 16] for i in range(first, len(one_time), 32))
                for role, first in (("alice", 0), ("bob", 16))
            },
        )

    def refill(self, source, keys):
        for role, row in keys.items():
            self.rows[role] += [
                [KeyName(source, i), row[16 * i : 16 * (i + 1)]] for i in range(len(row) // 16)
            ]

    def remaining(self, role):
        return len(self.rows[role]) - 1 - self.youngest[role]

    def peek(self, role, name):
        for there, key in self.rows[role]:
            if there == name and key is not None:
                return key
        raise LookupError

    def use(self, role, name):
        self.peek(role, name)
        place = [there for there, _ in self.rows[role]].index(name)
        self.rows[role][place][1] = None
        self.youngest[role] = max(self.youngest[role], place)
        for row in self.rows[role][: max(self.youngest[role] + 1 - LATE, 0)]:
            row[1] = None

    def take(self, role):
        name, _ = self.rows[role][self.youngest[role] + 1]
        key = self.peek(role, name)
        self.use(role, name)
        return name, key
