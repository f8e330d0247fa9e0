"""How this project lays a recording out in HDF5: tags in version 2, states in version 1.

Root attributes: ``format`` "qkdctl recording", ``version``, ``kind`` "tags" or "states", ``metadata`` (a
JSON object), and

* tags: ``start_ps`` and ``stop_ps`` (int64), ``resolution_ps`` (float64, absent if unknown), ``channels`` (a
  JSON object from logical channel to what feeds it), ``markers`` (a JSON array of the logical channels that
  carry marks instead of photons, absent if none), ``n_tags`` (int64). Data sets ``packed`` (uint8), the tags
  in blocks of 65536 (the last may be shorter), each as ``csrc/pack_tags/frame.h`` describes: 3.15 bytes a tag
  at 1 Mcps on four channels; ``block_end`` (int64), where in them each block ends; ``gaps/first_ps``,
  ``gaps/last_ps``, ``gaps/lost`` (int64, -1 if unknown) and ``gaps/reason`` (uint8, the index into the
  attribute ``reasons`` of the group, a JSON array).
* states: ``slot_period_ps`` (float64), ``first_slot`` and ``n_slots`` (int64). Data set ``states`` (uint8),
  one entry a slot, as :class:`~postproc.timetags.types.StateChunk` describes.

Version 1 of tags, which is still read, has no ``n_tags`` but the data sets ``time_delta_ps`` (int64) and
``channel`` (uint8), one entry a tag: in ``time_delta_ps`` the first entry of each HDF5 chunk is an absolute
time and each of the others the step from the tag before. All data sets carry checksums (fletcher32) and use
filters that every HDF5 library has (shuffle, deflate). Text is fixed-length UTF-8.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = "qkdctl recording"
TAGS_VERSION: Final = 2
STATES_VERSION: Final = 1

#: Entries of an HDF5 chunk, the unit of compression and of reading.
BYTES_PER_CHUNK: Final = 2**15
SLOTS_PER_CHUNK: Final = 2**20
GAPS_PER_CHUNK: Final = 2**12

#: Tags packed together.
TAGS_PER_BLOCK: Final = 2**16

#: Longest text in an attribute.
MAX_TEXT_BYTES: Final = 60_000

#: The order in which `gaps/reason` counts.
GAP_REASONS: Final = ("overflow", "dropped", "restart", "disorder", "unknown")
