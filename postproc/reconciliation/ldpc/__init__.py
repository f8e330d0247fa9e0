"""Error correction by LDPC syndromes: one message, then disclosure in small steps where it was not enough."""
