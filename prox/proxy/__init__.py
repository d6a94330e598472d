"""The reverse proxy and the request inspector: ``http://SERVICE.DOMAIN:PORT`` reaches a process or a port.

server      listeners, connections, and their end
client      one client's connection: its requests one after the other, and what is answered without an upstream
peer        one HTTP/1.1 connection, whose messages are checked (``core.messages``) before h11 parses them
forward     one request to its upstream, and the response back
tunnel      an upgraded connection: bytes both ways
upstream    connections to upstreams: opened, kept alive, given back
targets     service → address, once its process is up
pages       what a person sees where there is no answer to pass on
listeners   what it listens on; service: its part in the life of the instance
recorder    the exchanges that the inspector shows; body_budget: the memory of their bodies
capture     one body as it passes
decoding    bodies as they are shown: decompressed, as text where they are text
replay      a recorded request once more
certificates
            the local certificate authority, and a certificate for the domain; trust: stores that believe in it
"""
