// http-proxy as its README shows it, for two hosts: http_proxy.js MODULE PORT FILES_PORT SINK_PORT.
const http = require('http')
const [module_, port, files, sink] = process.argv.slice(2)
// Without an agent, http-proxy opens a connection for each request.
const proxy = require(module_).createProxyServer({ agent: new http.Agent({ keepAlive: true }) })
const target = (request) => ({
  target: { host: '127.0.0.1', port: request.headers.host.startsWith('sink.') ? sink : files },
})
// An upgrade has a connection of its own.
const upgraded = (request) => ({ ...target(request), agent: false })

proxy.on('error', (error, request, response) => {
  // A client that has left is an error, too, in the middle of a response; an upgrade has a socket in its place.
  if (response.writeHead && !response.headersSent) response.writeHead(502).end(String(error))
  else response.destroy()
})
const server = http.createServer((request, response) => proxy.web(request, response, target(request)))
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head, upgraded(request)))
server.listen(Number(port), '127.0.0.1')
