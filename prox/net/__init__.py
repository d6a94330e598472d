"""The layer below HTTP that prox's servers share: sockets, connection limits, clocks and fairness.

listening   bound sockets, and errors that name the holder of a taken port
acceptor    accepts connections up to a limit; closes the longest idle one to make room
clocks      the idle timeout of a connection
lingering   closes a connection whose client is still sending
fairness    fairness between busy connections
"""
