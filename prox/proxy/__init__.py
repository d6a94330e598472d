"""The reverse proxy and the request inspector: ``http://SERVICE.DOMAIN:PORT`` reaches a process or a port.

service     starts and drains the proxy of an instance; listeners: its sockets
server      accepts connections; context: the state that they share
client      one client's connection: routes its requests, and answers those that are not forwarded
forward     one request to its upstream, and the response back
peer        one HTTP/1.1 connection, whose messages are checked (``core.messages``) before h11 parses them
wire        the bytes of one connection
tunnel      an upgraded connection: bytes in both directions; frames: the recorded frames of WebSockets
upstream    connections to upstreams: opened, kept alive, reused
late_watch  detects closed connections
targets     the address of a service, once its process is ready
pages       the proxy's own responses; service_pages: those about services
recorder    the exchanges that the inspector shows; body_budget: the memory of their bodies
capture     the captured body of one message
decoding    decompresses and decodes bodies for display
replay      sends a recorded request again
certificates
            the local certificate authority, and a certificate for the domain; trust: adds the authority to trust stores
"""
