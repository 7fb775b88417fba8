"""Tell which keys a set surely lacks, in two bytes a key: a Bloom filter (Bloom 1970, doi.org/10.1145/362686.362692).

Keys that aren't there are what most look-ups ask for: all that is new. Their digests lie anywhere among those of other
keys, so that without a filter nearly all of an index would be read to find none of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

BITS_PER_KEY = 16
N_PROBES = 11
"""With so many bits and probes one of some 2,000 keys that aren't there is taken for one that may be."""

Hash = tuple[int, int]


def hash_key(key: str) -> Hash:
    """Return two numbers below 2**64, from which all probes for a key are made (Kirsch & Mitzenmacher 2006)."""
    digest = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little") | 1


class BloomFilter:
    """A set of keys that may tell of a key that it holds it, though it doesn't, but never the other way round."""

    def __init__(self, bits: bytes):
        self.bits = bits

    @classmethod
    def of(cls, keys: Iterable[str], n_keys: int) -> BloomFilter:
        """Return the filter of so many keys."""
        bits = bytearray(max(1, n_keys * BITS_PER_KEY // 8))
        n_bits = 8 * len(bits)
        for key in keys:
            probe, step = hash_key(key)
            for _ in range(N_PROBES):
                bits[probe % n_bits >> 3] |= 1 << (probe % n_bits & 7)
                probe += step
        return cls(bytes(bits))

    def may_hold(self, hashed: Hash) -> bool:
        """Say whether a key of this hash may be among the keys."""
        bits, n_bits = self.bits, 8 * len(self.bits)
        probe, step = hashed
        for _ in range(N_PROBES):
            if not bits[probe % n_bits >> 3] >> (probe % n_bits & 7) & 1:
                return False
            probe += step
        return True
