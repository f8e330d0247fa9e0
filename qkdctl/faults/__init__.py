"""Faults on purpose: a campaign of sessions in which processes are killed and the line lies, and what is left after.

A campaign is a number of rounds. Each is a session of two nodes on an emulated rack, with fresh key stores, an
application that takes keys at both ends while it runs, and a middle man on the classical channel who sees all that
is said. What happens in a round follows from the campaign's seed and the round's number; when it happens, from the
machine.
"""
