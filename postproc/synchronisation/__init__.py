"""Finding one clock in the other, from the clicks alone.

Bob's clock runs as ``bob = (1 + drift) * alice + offset``. For a pair source both are found from the
correlation of the two parties' tags in a preamble that is published and spent
(:mod:`~postproc.synchronisation.pair_source`: a coarse lag, a line, the detectors' delays); for
prepare-and-measure, from the rhythm of the slots and the states of a published preamble
(:mod:`~postproc.synchronisation.prepare_measure`: a beat, the place of the states, then a tracker that follows
the slots). Every lock states how likely it is to be false, and refuses rather than guess.
"""
