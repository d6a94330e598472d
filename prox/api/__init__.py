"""The HTTP API: a Quart-Trio app on Hypercorn. The contract is ``http-api.md``; users read ``docs/api.md``.

settings    who may ask, and where the API listens
listening   the API's socket and its port
server      the server around the app; connection: one client's connection
hypercorn_shell
            Hypercorn's HTTP/1.1, and all that is not documented of it
app         the app: one blueprint a resource, guarded, every error in JSON
browser_safety, auth
            Host and Origin checks, CORS; the token
errors      codes, statuses, answers in JSON
parameters  the query of a request → a frozen type
answers     JSON out of frozen types
sse         event streams
openapi     the description of all of it, out of the same types
health, status, processes, logs, events, proxy, shutdown
            the resources

Only ``settings`` and ``listening`` are cheap to import; Quart takes a third of a second.
"""
