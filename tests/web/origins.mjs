// Attacks instances from a page of another origin. Values: port of that page's server; open, closed: base URLs of
// instances without and with authentication; link: opens the second one.
import assert from 'node:assert/strict'
import { connection, newPage, run, values } from './chromium.mjs'

const PATHS = ['/', '/api/v1/processes', '/api/v1/logs', '/metrics', '/web/main.js', '/api/v1/openapi.json']
const CHANGES = ['/api/v1/processes/web/stop', '/api/v1/processes/web/restart', '/api/v1/shutdown', '/api/v1/tickets']
const SECRET = /classified|"web"|prox_log_subscribers/

/** Try everything from within a page; return what each attempt got. */
async function attack({ base, paths, changes }) {
  const got = {}
  const attempt = async (name, run) => {
    try {
      got[name] = await run()
    } catch (error) {
      got[name] = `refused: ${error.name}`
    }
  }
  const fetched = async (path, options) => {
    const response = await fetch(base + path, options)
    return `${response.type} ${response.status}: ${await response.text()}`
  }
  const element = (name, attributes) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(name), attributes)
      made.onload = () => resolve('loaded')
      made.onerror = () => resolve('refused')
      document.body.append(made)
    })
  for (const path of paths) {
    for (const credentials of ['omit', 'include']) {
      await attempt(`fetch ${credentials} ${path}`, () => fetched(path, { credentials }))
      await attempt(`no-cors ${credentials} ${path}`, () => fetched(path, { credentials, mode: 'no-cors' }))
    }
    await attempt(`script ${path}`, () => element('script', { src: base + path }))
    await attempt(`module ${path}`, () => element('script', { src: base + path, type: 'module' }))
    await attempt(`style ${path}`, () => element('link', { href: base + path, rel: 'stylesheet' }))
  }
  for (const path of changes) {
    for (const credentials of ['omit', 'include']) {
      const options = { method: 'POST', credentials }
      const headers = { 'X-Prox-Request': '1', 'Content-Type': 'application/json' }
      await attempt(`post ${credentials} ${path}`, () => fetched(path, options))
      await attempt(`post with header ${credentials} ${path}`, () => fetched(path, { ...options, headers }))
      await attempt(`post no-cors ${credentials} ${path}`, () => fetched(path, { ...options, mode: 'no-cors' }))
    }
    await attempt(`beacon ${path}`, () => String(navigator.sendBeacon(base + path, '{}') && 'sent'))
  }
  await attempt('style sheet', () => element('link', { href: `${base}/web/style.css`, rel: 'stylesheet' }))
  await attempt('img', () => element('img', { src: `${base}/web/icon.svg` }))
  await attempt('worker', () => String(new Worker(`${base}/web/stream_worker.js`, { type: 'module' })))
  await attempt('shared worker', () => String(new SharedWorker(`${base}/web/stream_worker.js`, { type: 'module' })))
  await attempt('import', async () => Object.keys(await import(`${base}/web/api.js`)).join())
  for (const withCredentials of [false, true]) {
    await attempt(`event source ${withCredentials}`, () => new Promise((resolve) => {
      const source = new EventSource(`${base}/api/v1/stream?logs=*&tail=100`, { withCredentials })
      source.onopen = () => resolve('opened')
      source.onmessage = (event) => resolve(event.data)
      source.addEventListener('snapshot', (event) => resolve(event.data))
      source.onerror = () => {
        const { readyState } = source
        source.close()
        resolve(readyState === EventSource.CLOSED ? 'refused' : 'reconnecting')
      }
    }))
  }
  await attempt('web socket', () => new Promise((resolve) => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/api/v1/stream`)
    socket.onopen = () => resolve('opened')
    socket.onerror = () => resolve('refused')
  }))
  return got
}

/** Check that an attempt has read nothing. An opaque response has neither a status nor a body. */
function assertNothing(got, where) {
  const expected = /^(refused(: \w+)?|opaque 0: |sent)$/
  const failed = Object.entries(got).filter(([, text]) => !expected.test(text))
  assert.deepEqual(failed, [], where)
}

/** Put the page into a frame and into a window of its own, and look inside. */
async function show(page, base, where) {
  for (const path of ['/', '/api/v1/processes']) {
    const inside = await page.evaluate((src) => new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { src })
      frame.onload = () => resolve(String(frame.contentDocument))
      document.body.append(frame)
    }), base + path)
    assert.equal(inside, 'null', `${where}: frame of ${path}`)
    for (const frame of page.frames().slice(1)) {
      assert.doesNotMatch(await frame.content(), SECRET, `${where}: frame of ${path}`)
      assert.equal(await frame.locator('nav, table').count(), 0, `${where}: frame of ${path}`)
    }
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate((url) => void (globalThis.opened = open(url)), base + path),
    ])
    await opened.waitForLoadState()
    const read = await page.evaluate(() => {
      try {
        return globalThis.opened.document.documentElement.outerHTML
      } catch (error) {
        return error.name
      }
    })
    assert.equal(read, 'SecurityError', `${where}: window of ${path}`)
    await opened.close()
  }
}

/** Send forms, into a frame and in place of the page. */
async function sendForms(page, base, where) {
  for (const path of CHANGES) {
    for (const enctype of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']) {
      const [response] = await Promise.all([
        page.waitForResponse((each) => each.url() === base + path && each.request().method() === 'POST'),
        page.evaluate(([action, type]) => {
          const frame = document.createElement('iframe')
          frame.name = `target${Math.random()}`
          const form = document.createElement('form')
          Object.assign(form, { action, method: 'post', enctype: type, target: frame.name })
          document.body.append(frame, form)
          form.submit()
        }, [base + path, enctype]),
      ])
      assert.equal(response.status(), 403, `${where}: form for ${path} as ${enctype}`)
    }
  }
  const [response] = await Promise.all([
    page.waitForNavigation(),
    page.evaluate((action) => {
      const form = Object.assign(document.createElement('form'), { action, method: 'post' })
      document.body.append(form)
      form.submit()
    }, `${base}/api/v1/processes/web/stop`),
  ])
  assert.equal(response.status(), 403, `${where}: form in place of the page`)
  assert.doesNotMatch(await page.content(), SECRET, where)
}

async function attackFrom(context, base, where) {
  const page = await newPage(context)
  await page.goto(`http://evil.example:${values.port}/`)
  assertNothing(await page.evaluate(attack, { base, paths: PATHS, changes: CHANGES }), where)
  await show(page, base, where)
  await sendForms(page, base, where)
  await page.close()
}

/** The name of the page itself resolves to the address of the API. */
async function rebind(context, base, [status, code], where) {
  const page = await newPage(context)
  const rebound = `http://evil.example:${new URL(base).port}`
  const response = await page.goto(`${rebound}/`)
  assert.equal(response.status(), status, where)
  assert.doesNotMatch(await page.content(), SECRET, where)
  for (const [method, paths] of [['GET', PATHS.slice(1)], ['POST', CHANGES]]) {
    for (const path of paths) {
      const got = await page.evaluate(async (options) => {
        const answer = await fetch(options.path, { method: options.method, headers: { 'X-Prox-Request': '1' } })
        return [answer.status, (await answer.json()).code]
      }, { path, method })
      // A page that was loaded under a foreign name has a foreign origin, too.
      const expected = method === 'POST' ? [403, code === 'UNAUTHORIZED' ? 'FORBIDDEN_ORIGIN' : code] : [status, code]
      assert.deepEqual(got, expected, `${where}: ${method} ${path}`)
    }
  }
  await page.close()
}

await run(async (browser) => {
  const context = await browser.newContext()
  // The attempts work where they are allowed: a page of this machine may read an instance without authentication.
  const friend = await newPage(context)
  await friend.goto(`http://127.0.0.1:${values.port}/`)
  const allowed = await friend.evaluate(attack, { base: values.open, paths: ['/api/v1/processes'], changes: [] })
  assert.match(allowed['fetch omit /api/v1/processes'], /^cors 200: .*"web"/)
  assert.match(allowed['event source false'], /^opened$/)
  assert.equal(allowed.img, 'loaded')
  assert.equal(allowed['style sheet'], 'loaded')
  // A frame shows the dashboard to nobody, not even there.
  await show(friend, values.open, 'same site')

  await attackFrom(context, values.open, 'without authentication')
  await attackFrom(context, values.closed, 'without a cookie')
  await rebind(context, values.open, [403, 'FORBIDDEN_HOST'], 'rebinding without authentication')
  await rebind(context, values.closed, [401, 'UNAUTHORIZED'], 'rebinding without a cookie')

  const dashboard = await newPage(context)
  await dashboard.goto(values.link)
  await connection(dashboard, 'connected')
  // Another port of this machine is the same site: the cookie comes along, and opens nothing.
  const near = await friend.evaluate(attack, { base: values.closed, paths: PATHS, changes: CHANGES })
  for (const [name, text] of Object.entries(near)) assert.doesNotMatch(text, SECRET, `same site: ${name}`)
  await show(friend, values.closed, 'same site with a cookie')
  await attackFrom(context, values.closed, 'with a cookie')
  await rebind(context, values.closed, [401, 'UNAUTHORIZED'], 'rebinding with a cookie')
  await connection(dashboard, 'connected')
  // The dashboard has noticed nothing.
  assert.deepEqual(dashboard.complaints, [])
}, ['--host-resolver-rules=MAP evil.example 127.0.0.1'])
