"""``python -m qkdctl`` is ``qkdctl``."""

from qkdctl.cli import main

if __name__ == "__main__":
    main()
