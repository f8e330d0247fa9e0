"""What the two parties agree on before the light goes on.

These are the figures that a proof takes as given. They come from the scenario file, where pydantic holds
them against the bounds written here, and both parties compare them before anything else
(:mod:`postproc.conversation.agreement`). Times that reach into tags are picoseconds; durations a person
thinks of are seconds.
"""
