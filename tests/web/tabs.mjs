// Two tabs on the instances that follow each other at one address. Values: base.
import assert from 'node:assert/strict'
import { ask, becomes, connection, lines, newPage, row, run, values } from './chromium.mjs'

const { base } = values
const subscribers = (expected) => becomes(() => ask('subscribers'), expected, 'the number of log streams')
const openLogs = async (context) => {
  const page = await newPage(context)
  await page.goto(`${base}/#/logs`)
  await connection(page, 'connected')
  return page
}

/** Wait for a line that was written after now. */
async function staysLive(page, name) {
  const ofProcess = lines(page).filter({ hasText: new RegExp(`${name} \\d+$`) })
  await ofProcess.last().waitFor()
  const newest = Number((await ofProcess.last().innerText()).match(/(\d+)\s*$/)[1])
  await ofProcess.filter({ hasText: new RegExp(`${name} ${newest + 2}$`) }).waitFor()
}

const events = (page) => page.getByRole('log').locator('.event')
const each = (pages, check) => Promise.all(pages.map(check))

await run(async (browser) => {
  const context = await browser.newContext()
  const tabs = [await openLogs(context), await openLogs(context)]
  await each(tabs, (page) => staysLive(page, 'first'))
  await subscribers(1)

  // Another context is another browser profile.
  const stranger = await browser.newContext()
  await openLogs(stranger)
  await subscribers(2)
  await stranger.close()
  await subscribers(1)

  const [closed, kept] = tabs
  await closed.close()
  await staysLive(kept, 'first')
  await subscribers(1)
  await kept.close()
  await subscribers(0)

  // A reload does not open a second stream.
  const both = [await openLogs(context), await openLogs(context)]
  await both[0].reload()
  await each(both, (page) => staysLive(page, 'first'))
  await subscribers(1)

  await ask('down')
  await each(both, (page) => connection(page, 'stopped'))
  await ask('second')
  await each(both, (page) => connection(page, 'connected'))
  await each(both, (page) => staysLive(page, 'second'))
  await each(both, (page) => events(page).filter({ hasText: /prox was restarted \(pid \d+\)/ }).waitFor())
  await each(both, async (page) => {
    await page.getByRole('checkbox', { name: 'second', exact: true }).waitFor({ state: 'attached' })
    assert.equal(await page.getByRole('checkbox', { name: 'first', exact: true }).count(), 0)
    assert.ok(await lines(page).filter({ hasText: /first \d+$/ }).count(), 'the lines before the restart are gone')
  })
  await subscribers(1)

  await ask('kill')
  await each(both, (page) => connection(page, 'reconnecting'))
  await ask('third')
  await each(both, (page) => connection(page, 'connected'))
  await each(both, (page) => staysLive(page, 'third'))
  await each(both, async (page) => {
    await page.goto(`${base}/#/processes`)
    await row(page, 'third').filter({ hasText: '● running' }).waitFor()
    assert.equal(await row(page, 'second').count(), 0)
  })
  // The browser itself reports the connections that failed.
  for (const page of both) assert.deepEqual(page.complaints.filter((text) => !/ERR_|Failed to load/.test(text)), [])
  await each(both, (page) => page.close())
  await subscribers(0)

  // Dropped lines: a stream that the test writes, for a tab without a SharedWorker.
  const alone = await browser.newContext()
  const page = await newPage(alone)
  await page.addInitScript(() => delete globalThis.SharedWorker)
  const record = (id, line) =>
    ({ id: String(id), timestamp: '2026-01-01T00:00:00.000Z', process: 'web', stream: 'stdout', line, level: null })
  const stream = [
    ['snapshot', { processes: [] }],
    ['log', [record(1, 'before the gap')]],
    ['dropped', { count: 1204 }],
    ['log', [record(2000, 'after the gap')]],
  ].map(([name, data], i) => `id: ${i}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  const headers = { 'Content-Type': 'text/event-stream' }
  await page.route('**/api/v1/stream?*', (route) => route.fulfill({ headers, body: stream.join('') }), { times: 1 })
  await page.goto(`${base}/#/logs`)
  await lines(page).filter({ hasText: 'after the gap' }).waitFor()
  const shown = await page.getByRole('log').locator('.row').allInnerTexts()
  const before = shown.findIndex((text) => text.includes('before the gap'))
  assert.match(shown[before + 1] ?? '', /1 204 lines not shown/, JSON.stringify(shown))
  assert.match(shown[before + 2] ?? '', /after the gap/, JSON.stringify(shown))
  // It reconnects by itself, to the instance.
  await connection(page, 'connected')
  await staysLive(page, 'third')
  await subscribers(1)
})
