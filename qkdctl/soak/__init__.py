"""Soaking: a session watched for hours for what only hours show, such as memory that grows and files left open."""
