"""What the two parties say to each other, and the books kept about it.

A step of the protocol is a *dialogue*: a generator that says and hears typed messages
(:mod:`~postproc.conversation.dialogue`). The stage that drives it
(:mod:`~postproc.conversation.conversation`) encodes every message, keeps the transcript that
authentication will cover, and enters what was disclosed into the ledger as it is sent. No dialogue can
speak without being written down.
"""
