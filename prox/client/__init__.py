"""A client of the HTTP API: synchronous, and on the standard library only, to keep commands fast.

target      the address and expected identity of an instance
connection  one connection, used after the instance has identified itself
kept        a persistent connection
sse         the bytes of an event stream → events
client      the routes
errors      error responses, and lost connections
"""
