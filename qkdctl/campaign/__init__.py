"""Keys from a folder of recordings, one after the other or on many machines."""
