"""Bytes and deadlines, nothing else: how a driver reaches its instrument.

An address is a URL. Exchanging a real instrument for an emulated one exchanges the address:

=============================  ====================================================================
``tcp://HOST:PORT``            a socket
``serial:///dev/ttyACM0``      a serial port or pseudo-terminal; ``?baudrate=115200`` and so on
``visa://RESOURCE``            whatever a VISA library reaches, such as ``visa://USB0::4883::…::INSTR``
``zmq://HOST:PORT``            ZeroMQ; each message is one item
``file:///dev/hwrng``          a character device that is only read
``mem:NAME``                   a model in this process, in its own time: no socket and no waiting
``sdk:SERIAL``                 an instrument that only its vendor's library reaches
``recording:FILE``             a file of time tags, for the driver that plays it
``tap:FILE,ADDRESS``           any of these, and all that is said goes to a file as well
``replay:FILE``                what is in such a file, said again
=============================  ====================================================================
"""
