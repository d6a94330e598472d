"""The HTTP API from outside, synchronous, on the standard library only: the command line must start fast.

target      where an instance answers, and how it is known to be the one that was meant
connection  one connection to it, which is used only once it has said who it is
sse         the bytes of an event stream → events
client      the routes
errors      what goes wrong: the API's own answers, and no answer
"""
