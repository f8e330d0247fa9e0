"""What can go wrong in post-processing.

::

    PostprocError
    ├── InputError              a file or a message from outside is not what it claims to be
    ├── KernelError             the C kernels cannot run as asked
    ├── SynchronisationFailed   no clock could be found that chance does not explain as well
    ├── LinkFailed              what was to be carried to the next stage was not: :mod:`postproc.link.link`
    ├── ProofError              a named proof does not apply to this session
    ├── PoolExhausted           the authentication key is used up, or would fall below its reserve
    ├── AuthenticationFailed    a tag does not fit the transcript
    ├── ProtocolViolation       the peer said something that the protocol does not allow here
    └── BlockRefused            both ends follow the rules, and this block must not become key

What is raised inside a dialogue ends its block, never a program: :mod:`postproc.conversation.talk` makes it the block's
outcome.
"""


class PostprocError(Exception):
    """Base of everything that post-processing raises on purpose."""


class InputError(PostprocError):
    """A file or message from outside is not what it claims to be; says where and what was expected."""


class KernelError(PostprocError):
    """The C kernels cannot run as asked, for example an implementation that this machine lacks."""


class SynchronisationFailed(PostprocError):
    """No clock could be found that chance does not explain as well."""


class ProofError(PostprocError):
    """The named proof does not apply: an assumption fails, or a parameter lies outside its range."""


class PoolExhausted(PostprocError):
    """Too little authentication key is left; the session must stop before it sends another tag."""


class AuthenticationFailed(PostprocError):
    """A transcript tag is wrong: somebody changed what was said, or the parties hold different keys."""


class ProtocolViolation(PostprocError):
    """A message that the protocol does not allow at this point."""


class BlockRefused(PostprocError):
    """The block cannot become key, for a reason that both parties derive from the same figures."""
