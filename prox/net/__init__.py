"""The layer below HTTP that the servers of prox share: sockets, connection limits, clocks and fairness.

listening   bound sockets, and errors that name the holder of a taken port
acceptor    accepts connections up to a limit; closes the longest idle one to make room
fairness    fairness between busy connections
"""
