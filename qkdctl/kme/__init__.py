"""The key management entity (KME): keys from the store to applications, over ETSI GS QKD 014.

Two KMEs serve a link, each from its own party's store. An application key is a cut of the blocks' keys that
both hold; Alice's KME says where to cut, for both, so that no two keys ever share a bit. Both ends have written
down what they need to know of a key before its first copy leaves.
"""
