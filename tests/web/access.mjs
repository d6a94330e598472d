// Opens an instance that requires a token. Values: base, link, cookie; other: the same of a second instance.
import assert from 'node:assert/strict'
import { button, connection, lines, newPage, row, run, values } from './chromium.mjs'

const { base, link, cookie, other } = values

await run(async (browser) => {
  const context = await browser.newContext()
  const page = await newPage(context)
  const without = await page.goto(`${base}/`)
  assert.equal(without.status(), 401)
  await page.getByText('prox open').waitFor()
  assert.doesNotMatch(await page.content(), /hidden|classified/)
  // The browser reports the status of the page.
  page.complaints.length = 0

  await page.goto(link)
  await row(page, 'hidden').filter({ hasText: '● running' }).waitFor()
  await connection(page, 'connected')
  assert.equal(page.url(), `${base}/#/processes`)
  assert.equal(await page.evaluate(() => history.state), null)
  const [{ value, ...found }, ...others] = await context.cookies()
  assert.deepEqual(others, [])
  const expected = { name: cookie, domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false }
  assert.deepEqual(found, { ...expected, sameSite: 'Strict' })
  assert.ok(value.length >= 32, value)
  assert.equal(await page.evaluate(() => document.cookie), '')
  await page.reload()
  await connection(page, 'connected')

  const log = await newPage(context)
  await log.goto(`${base}/#/logs`)
  await lines(log).last().waitFor()
  const newest = Number((await lines(log).last().innerText()).match(/classified (\d+)/)[1])
  await lines(log).filter({ hasText: `classified ${newest + 2}` }).waitFor()

  // The cookie alone changes nothing.
  const bare = await page.evaluate(async () => {
    const response = await fetch('/api/v1/processes/hidden/stop', { method: 'POST' })
    return [response.status, (await response.json()).code]
  })
  assert.deepEqual(bare, [403, 'FORBIDDEN_ORIGIN'])
  page.complaints.length = 0
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.method() === 'POST'),
    button(page, 'Stop hidden').click(),
  ])
  const headers = await request.allHeaders()
  assert.equal(headers['x-prox-request'], '1')
  assert.ok(!('authorization' in headers), JSON.stringify(headers))
  await row(page, 'hidden').filter({ hasText: '○ stopped' }).waitFor()

  // The link works once.
  const stranger = await browser.newContext()
  const late = await newPage(stranger)
  const second = await late.goto(link)
  assert.equal(second.status(), 401)
  assert.doesNotMatch(await late.content(), /hidden|classified/)
  assert.deepEqual(await stranger.cookies(), [])
  for (const path of ['/api/v1/processes', '/api/v1/stream', '/metrics', '/web/main.js']) {
    assert.equal(await late.evaluate(async (each) => (await fetch(each)).status, path), 401, path)
  }
  await stranger.close()

  // Cookies know no ports: each instance has its own.
  const beside = await newPage(context)
  await beside.goto(other.link)
  await row(beside, 'hidden').filter({ hasText: '● running' }).waitFor()
  const names = (await context.cookies()).map((each) => each.name)
  assert.deepEqual(names.sort(), [cookie, other.cookie].sort())
  assert.notEqual(cookie, other.cookie)
  for (const [tab, url] of [[page, base], [beside, other.base]]) {
    await tab.goto(`${url}/#/logs`)
    await tab.reload()
    await connection(tab, 'connected')
    await lines(tab).filter({ hasText: 'classified 1' }).first().waitFor()
    assert.deepEqual(tab.complaints, [])
  }
})
