"""Satellites: trusted nodes that come by.

A satellite sends light to each ground station as it passes (:mod:`~qkdctl.network.space.orbit`,
:mod:`~qkdctl.network.space.downlink`) and keeps what key comes of it on board
(:mod:`~qkdctl.network.space.onboard`). When it holds key of two stations it publishes the exclusive-or of both
(:mod:`~qkdctl.network.space.publication`): either station then knows the other's
(:mod:`~qkdctl.network.space.station`), and nobody else learns anything. For the rest of the network that is one more
link between the two.
"""
