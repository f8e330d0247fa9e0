"""One key from several passes of a satellite, or from several blocks: sums of counts are tested.

Which blocks belong together is said by number, in the configuration that both parties compare before any light.
Nothing of a block but which clicks count is known before it is pooled: the test basis is compared, errors are
corrected and the proof is asked once, for all members together. So no member can be chosen by its error rate, the
failure probabilities are paid once, and the proof sees sums of counts.
"""
