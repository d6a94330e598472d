"""The HTTP API: a Quart-Trio app on Hypercorn. The contract is ``http-api.md``; users read ``docs/api.md``.

settings    who may ask, and where the API listens
addresses   names and addresses: which are loopback ones
listen      the bound socket, or who else holds the port
server      the Hypercorn shell around the app
app         the app: one blueprint a resource, guarded, every error in JSON
guard, auth browser safety and CORS; the token
errors      codes, statuses, answers in JSON
parameters  the query of a request → a frozen type
answers     JSON out of frozen types
sse         event streams
openapi     the description of all of it, out of the same types
health, status, processes, logs, events, proxy, shutdown
            the resources

Only ``settings``, ``addresses`` and ``listen`` are cheap to import; Quart takes a third of a second.
"""
