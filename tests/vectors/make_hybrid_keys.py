"""Make hybrid_keys.json with nothing of ours: kyber-py for ML-KEM, OpenSSL's command line for HKDF, hashlib.

    python tests/vectors/make_hybrid_keys.py > tests/vectors/hybrid_keys.json

The construction is written here a second time, from ETSI TS 103 744 (CatKDF) and docs/kme.md.
"""

import hashlib
import json
import subprocess
import sys

from kyber_py.ml_kem import ML_KEM_768, ML_KEM_1024

KEMS = {"ML-KEM-768": ML_KEM_768, "ML-KEM-1024": ML_KEM_1024}
LABEL = b"qkdctl hybrid key v1"
KEY_ID, SAES = "8d1f0c3e-54c7-4c2f-9a61-0b1a1c0d7e55", ["SAE_A", "SAE_B", "SAE B/3"]


def filler(text, length):
    return hashlib.shake_256(b"hybrid vectors " + text.encode()).digest(length)


def with_length(part):
    return len(part).to_bytes(4, "big") + part


def hkdf(secret, salt, info, length):
    options = {"digest": "SHA256", "hexkey": secret.hex(), "hexsalt": salt.hex(), "hexinfo": info.hex()}
    words = [part for name, value in options.items() for part in ("-kdfopt", f"{name}:{value}")]
    done = subprocess.run(
        ["openssl", "kdf", "-keylen", str(length), *words, "HKDF"], capture_output=True, check=True, text=True
    )
    return bytes.fromhex(done.stdout.strip().replace(":", ""))


def vector(kem, combiner, length):
    name = f"{kem} {combiner} {length}"
    seed, message, qkd = filler(name + " seed", 64), filler(name + " m", 32), filler(name + " qkd", length)
    public, _ = KEMS[kem]._keygen_internal(seed[:32], seed[32:])
    secret, ciphertext = KEMS[kem]._encaps_internal(public, message)
    # The master first, then the slaves in the order of their names.
    words = [kem, combiner, KEY_ID, SAES[0], *sorted(SAES[1:])]
    context = b"".join(with_length(word.encode()) for word in words)
    info = hashlib.sha256(with_length(context) + with_length(public) + with_length(ciphertext)).digest()
    if combiner == "cat":
        key = hkdf(qkd + secret, LABEL, info, length)
    else:
        key = bytes(a ^ b for a, b in zip(qkd, hkdf(secret, LABEL, info, length), strict=True))
    return {
        "kem": kem, "combiner": combiner, "key_ID": KEY_ID, "master": SAES[0], "slaves": SAES[1:],
        "seed": seed.hex(), "public_sha256": hashlib.sha256(public).hexdigest(), "ciphertext": ciphertext.hex(),
        "qkd": qkd.hex(), "key": key.hex(),
    }  # fmt: skip


if __name__ == "__main__":
    made = [
        vector(kem, combiner, length)
        for kem in KEMS
        for combiner in ("xor", "cat")
        for length in (8, 32, 200)
    ]
    json.dump(made, sys.stdout, indent=1)
    print()
