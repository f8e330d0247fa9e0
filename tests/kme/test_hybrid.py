"""Keys of QKD and ML-KEM together, held against other implementations."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from kyber_py.ml_kem import ML_KEM_768, ML_KEM_1024

from qkdctl.kme.client import KmeRefused
from qkdctl.kme.hybrid import (
    KEMS,
    LABEL,
    Encapsulation,
    KemKeys,
    Suite,
    cas_kdf,
    cat_kdf,
    combine,
    encapsulate,
    prefixed,
)  # fmt: skip
from tests.keystore.conftest import filler
from tests.kme.lab import Lab

OTHERS = {"ML-KEM-768": ML_KEM_768, "ML-KEM-1024": ML_KEM_1024}


def hkdf(ikm, salt, info, length):
    """RFC 5869 with SHA-256, in words of its own."""
    pseudorandom = hmac.new(salt, ikm, hashlib.sha256).digest()
    out, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.new(pseudorandom, block + info + bytes([counter]), hashlib.sha256).digest()
        out += block
    return out[:length]


def lp(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_the_oracle_is_rfc_5869s():
    """Its first test case."""
    out = hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert out.hex().startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


byte_strings = st.binary(max_size=80)


@given(st.lists(byte_strings, min_size=1, max_size=3), byte_strings, byte_strings, byte_strings, byte_strings,
       st.integers(1, 200))  # fmt: skip
@settings(max_examples=60)
def test_cat_kdf_is_as_the_specification_writes_it(secrets, label, context, one, other, length):
    info = hashlib.sha256(lp(context, one, other)).digest()
    expected = hkdf(b"".join(secrets), label, info, length)
    assert cat_kdf(secrets, label, context, one, other, length) == expected


@given(
    byte_strings, byte_strings, byte_strings, byte_strings, byte_strings, byte_strings, st.integers(1, 200)
)
@settings(max_examples=60)
def test_cas_kdf_is_as_the_specification_writes_it(chain, secret, label, context, one, other, length):
    step = hmac.new(chain, hashlib.sha256(lp(secret, one, other)).digest(), hashlib.sha256).digest()
    out = hkdf(step, label, context, 32 + length)
    assert cas_kdf(chain, secret, label, context, one, other, length) == (out[:32], out[32:])


@pytest.mark.parametrize("kem", KEMS)
def test_another_ml_kem_opens_what_ours_encapsulates(kem):
    public, private = OTHERS[kem].keygen()
    secret, told = encapsulate(Suite(kem), public)
    assert OTHERS[kem].decaps(private, told.ciphertext) == secret


@pytest.mark.parametrize("kem", KEMS)
def test_ours_opens_what_another_ml_kem_encapsulates(kem):
    keys = KemKeys()
    secret, ciphertext = OTHERS[kem].encaps(keys.public[kem])
    _, told = encapsulate(Suite(kem), keys.public[kem])
    told = type(told)(told.suite, told.key, ciphertext)
    assert keys.decapsulate(told) == (secret, keys.public[kem])


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "hybrid_keys.json").read_text())
PRIVATE = {"ML-KEM-768": MLKEM768PrivateKey, "ML-KEM-1024": MLKEM1024PrivateKey}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['kem']} {v['combiner']} {len(v['key']) // 2}")
def test_keys_are_those_that_others_compute(vector):
    """Decapsulated and combined here, made with kyber-py and OpenSSL; see tests/vectors/SOURCES.md."""
    kem = vector["kem"]
    keys = KemKeys()
    keys._private[kem] = PRIVATE[kem].from_seed_bytes(bytes.fromhex(vector["seed"]))
    told = Encapsulation(
        Suite(kem, vector["combiner"]),
        bytes.fromhex(vector["public_sha256"]),
        bytes.fromhex(vector["ciphertext"]),
    )
    secret, public = keys.decapsulate(told)
    saes = (vector["master"], *vector["slaves"])
    made = combine(bytes.fromhex(vector["qkd"]), secret, told, public, vector["key_ID"], saes)
    assert made.hex() == vector["key"]


def test_what_was_made_for_an_earlier_key_is_refused():
    _, told = encapsulate(Suite(), KemKeys().public["ML-KEM-768"])
    with pytest.raises(ValueError, match="earlier public key"):
        KemKeys().decapsulate(told)


QKD, SECRET, PUBLIC, KEY_ID, SAES = filler("qkd", 64), filler("kem", 32), b"public", "id", ("A", "C", "B")


def told(combiner):
    return Encapsulation(Suite("ML-KEM-768", combiner), b"name", b"ciphertext")


def context(combiner, key_id=KEY_ID, master="A", slaves=("B", "C")):
    names = ["ML-KEM-768", combiner, key_id, master, *slaves]
    return b"".join(prefixed(name.encode()) for name in names)


def test_a_combined_key_is_as_documented():
    info = {c: hashlib.sha256(lp(context(c), PUBLIC, b"ciphertext")).digest() for c in ("xor", "cat")}
    stream = hkdf(SECRET, LABEL, info["xor"], 64)
    xor = bytes(a ^ b for a, b in zip(QKD, stream, strict=True))
    assert combine(QKD, SECRET, told("xor"), PUBLIC, KEY_ID, SAES) == xor
    assert combine(QKD, SECRET, told("cat"), PUBLIC, KEY_ID, SAES) == hkdf(
        QKD + SECRET, LABEL, info["cat"], 64
    )


def test_xor_keeps_all_of_the_qkd_key():
    """For one ML-KEM secret, different QKD keys give keys that differ just as they do."""
    other = filler("other", 64)
    one, two = (combine(qkd, SECRET, told("xor"), PUBLIC, KEY_ID, SAES) for qkd in (QKD, other))
    assert bytes(a ^ b for a, b in zip(one, two, strict=True)) == bytes(
        a ^ b for a, b in zip(QKD, other, strict=True)
    )


@pytest.mark.parametrize("combiner", ["xor", "cat"])
def test_a_key_is_bound_to_all_that_belongs_to_it(combiner):
    made = {
        combine(QKD, SECRET, told(combiner), PUBLIC, KEY_ID, SAES),
        combine(QKD, filler("x", 32), told(combiner), PUBLIC, KEY_ID, SAES),
        combine(QKD, SECRET, told(combiner), b"other", KEY_ID, SAES),
        combine(QKD, SECRET, told(combiner), PUBLIC, "other", SAES),
        combine(QKD, SECRET, told(combiner), PUBLIC, KEY_ID, ("B", "A", "C")),
        combine(QKD, SECRET, told(combiner), PUBLIC, KEY_ID, ("A", "B")),
    }
    assert len(made) == 6
    assert combine(QKD, SECRET, told(combiner), PUBLIC, KEY_ID, ("A", "B", "C")) in made


@pytest.mark.parametrize("kem", KEMS)
@pytest.mark.parametrize("combiner", ["xor", "cat"])
def test_both_ends_get_it_whichever_asks(link, kem, combiner):
    with link.client("SAE_A") as a, link.client("SAE_B") as b, link.client("SAE_A2") as a2:
        for master, name, others in ((a, "SAE_A", (b, a2)), (b, "SAE_B", (a, a2))):
            slaves = ["SAE_B" if name == "SAE_A" else "SAE_A", "SAE_A2"]
            hybrid = {"qkdctl_hybrid": {"kem": kem, "combiner": combiner}}
            keys = master.get_keys(slaves[0], 2, 512, additional=slaves[1:], mandatory=hybrid)
            assert keys[0].extension["qkdctl_made_of"] == ["QKD", kem]
            assert keys[0].extension["qkdctl_combiner"] == combiner
            for other in others:
                collected = other.get_keys_by_id(name, [key.id for key in keys])
                assert [key.value for key in collected] == [key.value for key in keys]
                assert collected[0].extension == keys[0].extension


@pytest.mark.parametrize(("policy", "asked", "made_of"), [
    ("off", {"optional": {"qkdctl_hybrid": True}}, ["QKD"]),
    ("off", {"mandatory": {"qkdctl_hybrid": True}}, None),
    ("required", {}, ["QKD", "ML-KEM-768"]),
    ("required", {"mandatory": {"qkdctl_hybrid": False}}, None),
    ("allowed", {}, ["QKD"]),
    ("allowed", {"mandatory": {"qkdctl_hybrid": False}}, ["QKD"]),
])  # fmt: skip
def test_policy_has_the_last_word(tmp_path, policy, asked, made_of):
    lab = Lab(tmp_path, f'lab = true\nhybrid = "{policy}"')
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a:
        if made_of is None:
            with pytest.raises(KmeRefused, match="options could be met"):
                a.get_keys("SAE_B", **asked)
        else:
            assert a.get_keys("SAE_B", **asked)[0].extension["qkdctl_made_of"] == made_of


def test_what_is_delivered_is_not_the_qkd_key(lab):
    lab.fill([1])
    with lab.start(), lab.client("SAE_A") as a:
        plain = a.get_keys("SAE_B")[0].value.reveal()
        assert plain == filler("key 1", 32)
        mixed = a.get_keys("SAE_B", mandatory={"qkdctl_hybrid": True})[0].value.reveal()
        assert mixed != filler("key 1", 64)[32:]


def test_keys_longer_than_the_derivation_gives_are_refused(tmp_path):
    lab = Lab(tmp_path, limits="max_key_size_bits = 80000")
    lab.fill([1, 2], 8 * 20_000)
    with lab.start(), lab.client("SAE_A") as a:
        assert len(a.get_keys("SAE_B", size=80_000)[0].value) == 10_000
        with pytest.raises(KmeRefused, match="options could be met"):
            a.get_keys("SAE_B", size=80_000, mandatory={"qkdctl_hybrid": True})
