"""A network of links: trusted nodes that pass keys on for applications which no link joins directly.

From the ground up: :mod:`~qkdctl.network.topology` says what there is. Each node runs a KME
(:mod:`~qkdctl.network.running`) with a key store for every link that ends there (:mod:`~qkdctl.network.linkend`).
:mod:`~qkdctl.network.routes` chooses ways by what :mod:`~qkdctl.network.linkstate` knows of the links;
:mod:`~qkdctl.network.relay` carries keys along them in envelopes (:mod:`~qkdctl.network.envelope`);
:mod:`~qkdctl.network.supply` serves applications with them.
"""
