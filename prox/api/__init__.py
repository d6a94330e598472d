"""The HTTP API: a Quart-Trio app on Hypercorn. ``docs/api.md`` documents it.

settings    access control and address
listening   the listening socket and its port
server      the server around the app; connection: one client's connection
hypercorn_shell
            Hypercorn's HTTP/1.1: the only use of its undocumented parts
app         the app: one blueprint for each resource, access checks, errors as JSON
browser_safety, auth
            Host and Origin checks, CORS; the token
errors      codes, statuses, error responses
parameters  query parameters → a frozen type
answers     frozen types → JSON
sse         event streams
openapi     the OpenAPI description, generated from the same types
health, status, processes, logs, events, proxy, shutdown
            the resources

Only ``settings`` and ``listening`` are cheap to import; Quart takes 0.3 s.
"""
