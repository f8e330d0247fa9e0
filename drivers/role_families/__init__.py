"""Roles of instruments, by family; everybody imports them from :mod:`drivers.roles`."""
