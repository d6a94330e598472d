// Opens each view of the dashboard in headless Chromium and checks it as its users meet it: by roles and names.
// Arguments: the folder of playwright-core and axe-core, the path of Chromium, the base URL of an instance, and
// which checks: `views` or `accessibility`.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [packages, executablePath, base, part] = process.argv.slice(2)
const require = createRequire(`${packages}/package.json`)
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']
const VIEWS = ['Processes', 'Logs', 'Requests', 'Graph', 'Jobs', 'System']
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })

/** Open a page; whatever it complains about or asks of another host is collected. */
async function newPage(options = {}) {
  const context = await browser.newContext({ bypassCSP: options.bypassCSP ?? false, ...options })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
  const page = await context.newPage()
  page.setDefaultTimeout(15000)
  page.complaints = []
  page.on('pageerror', (error) => page.complaints.push(error.stack))
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()))
  return page
}

/** Wait until a condition holds. */
async function until(condition, what) {
  const end = Date.now() + 15000
  for (;;) {
    if (await condition()) return
    assert.ok(Date.now() < end, `never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const go = async (page, hash) => {
  await page.goto(`${base}/#${hash}`)
  await page.getByRole('status').filter({ hasText: /^connected$/ }).waitFor()
}
const row = (page, name) =>
  page.getByRole('table', { name: 'Processes', exact: true }).getByRole('row')
    .filter({ has: page.getByRole('link', { name, exact: true }) })
const button = (page, name) => page.getByRole('button', { name, exact: true })
const lines = (page) => page.getByRole('log', { name: 'Logs', exact: true }).locator('[data-id]')

async function checkShell(page) {
  for (const name of VIEWS) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
    await page.getByRole('main').getByRole('heading', { level: 1, name, exact: true }).waitFor()
    const link = page.getByRole('navigation').getByRole('link', { name, exact: true })
    assert.equal(await link.getAttribute('aria-current'), 'page')
    await until(async () => (await page.title()) === `${name} · project · prox`, 'the title has the project')
  }
  assert.equal(await page.getByRole('status').count(), 1)
  assert.ok((await page.locator('header').innerText()).includes('project'))
}

async function checkActions(page) {
  await go(page, '/processes')
  await row(page, 'web').filter({ hasText: '● running' }).waitFor()
  await row(page, 'broken').filter({ hasText: '✕ crashed' }).filter({ hasText: 'exited with code 3' }).waitFor()
  assert.ok(await button(page, 'Start web').isDisabled())
  await button(page, 'Stop web').click()
  await row(page, 'web').filter({ hasText: '○ stopped' }).waitFor()
  await button(page, 'Start web').click()
  await row(page, 'web').filter({ hasText: '● running' }).waitFor()
  await button(page, 'Restart web').click()
  await row(page, 'web').locator('td').nth(3).filter({ hasText: '2' }).waitFor()
  // The API's sentence for an action that fails.
  await page.route('**/processes/web/restart', (route) =>
    route.fulfill({ status: 409, json: { error: 'web <b>cannot</b> be restarted', code: 'SUPERSEDED' } }))
  await button(page, 'Restart web').click()
  await page.getByRole('alert').filter({ hasText: 'web <b>cannot</b> be restarted' }).waitFor()
  await page.unroute('**/processes/web/restart')
  await page.getByRole('link', { name: 'web', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'web' }).waitFor()
  await page.getByText('<img src=x onerror="window.hacked = 1">', { exact: true }).first().waitFor()
  await page.getByRole('img', { name: /^CPU of web: now/ }).waitFor()
  await button(page, 'Restart web').waitFor()
}

async function checkLogs(page) {
  await go(page, '/logs?process=many')
  await lines(page).last().waitFor()
  assert.deepEqual(await lines(page).first().getAttribute('data-process'), 'many')
  assert.ok(await page.getByRole('checkbox', { name: 'many', exact: true }).isChecked())
  assert.ok(!(await page.getByRole('checkbox', { name: 'web', exact: true }).isChecked()))
  await page.getByText('3 000 rows').waitFor()
  assert.ok((await lines(page).count()) < 200)
  await lines(page).filter({ hasText: 'line 3000' }).waitFor()

  const filter = page.getByRole('searchbox', { name: 'Filter' })
  await filter.fill('line !1')
  const withOne = lines(page).locator('.text').filter({ hasText: '1' })
  await until(async () => (await withOne.count()) === 0, 'the filter excludes lines')
  await until(() => page.url().includes('filter=line%20!1'), 'the address has the filter')
  await filter.fill('')
  const find = page.getByRole('searchbox', { name: 'Find' })
  await page.getByRole('log').focus()
  await page.keyboard.press('Home')
  await lines(page).filter({ hasText: /line 1$/ }).waitFor()
  await find.fill('~line 29[0-9]*$')
  await page.getByText('1 of 111', { exact: true }).waitFor()
  await find.press('Enter')
  await page.getByText('2 of 111', { exact: true }).waitFor()
  await find.press('Shift+Enter')
  await find.press('Shift+Enter')
  await page.getByText('111 of 111', { exact: true }).waitFor()
  assert.equal(await button(page, 'Follow').getAttribute('aria-pressed'), 'false')
  assert.ok((await page.locator('mark').allTextContents()).every((text) => /^line 29\d*$/.test(text)))
  await find.fill('')

  await filter.fill('~line 29[89][0-9]$')
  await page.getByText('20 rows').waitFor()
  await button(page, 'Times').click()
  assert.equal(await button(page, 'Times').getAttribute('aria-pressed'), 'false')
  await button(page, 'Copy').click()
  await page.getByText('copied 20 rows as text').waitFor()
  const expected = Array.from({ length: 20 }, (_, i) => `line ${2980 + i}`)
  assert.deepEqual((await page.evaluate(() => navigator.clipboard.readText())).split('\n'), expected)
  await button(page, 'More formats').click()
  await page.getByRole('menuitem', { name: 'Copy as JSON' }).click()
  await page.getByText('copied 20 rows as JSON').waitFor()
  assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).length, 20)
  await filter.fill('')
  await page.getByText('3 000 rows').waitFor()

  // Scrolling up stops following; a link to a line leads back to it.
  await button(page, 'Follow').click()
  await lines(page).filter({ hasText: 'line 3000' }).waitFor()
  const log = page.getByRole('log', { name: 'Logs' })
  await log.focus()
  await page.keyboard.press('Home')
  await lines(page).filter({ hasText: /^line 1$/ }).waitFor()
  assert.equal(await button(page, 'Follow').getAttribute('aria-pressed'), 'false')
  const id = await lines(page).filter({ hasText: /^line 7$/ }).getAttribute('data-id')
  await page.keyboard.press('PageDown')
  await until(async () => (await log.evaluate((element) => element.scrollTop)) > 100, 'PageDown scrolls')
  await page.keyboard.press('End')
  await lines(page).filter({ hasText: 'line 3000' }).waitFor()
  assert.equal(await button(page, 'Follow').getAttribute('aria-pressed'), 'true')
  await go(page, `/logs?process=many&line=${id}`)
  await page.locator(`.cursor[data-id="${id}"]`).waitFor()

  // Lines that only the log files have, and those of the same millisecond as the oldest one.
  await button(page, 'Log files').click()
  await until(async () => (await button(page, 'Log files').getAttribute('aria-pressed')) === 'true', 'it shows files')
  await page.getByRole('log').focus()
  await page.keyboard.press('Home')
  await lines(page).filter({ hasText: /^line 1$/ }).waitFor()
  await button(page, 'Log files').click()
  await page.getByText('3 000 rows').waitFor()

  // New lines while the view stays where it is.
  await go(page, '/logs?process=web')
  await lines(page).last().waitFor()
  await page.keyboard.press('Tab')
  await page.getByRole('log').focus()
  await page.keyboard.press('Home')
  await page.getByRole('button', { name: /^\d+ new ↓$/ }).click()
  assert.equal(await button(page, 'Follow').getAttribute('aria-pressed'), 'true')
  // Only the rows in the viewport are in the page.
  await page.getByRole('log').focus()
  await until(async () => {
    if (await page.getByRole('log').locator('.event').count()) return true
    await page.keyboard.press('PageUp')
    return false
  }, 'a restart is a row')
  const evil = lines(page).filter({ hasText: '<img src=x onerror="window.hacked = 1">' })
  await evil.first().waitFor()
  assert.equal(await page.getByRole('log').locator('img, script, a, iframe, style').count(), 0)
}

/** A key is obeyed while the browser still scrolls for the one before, also on the lines of another address. */
async function checkKeys(page) {
  const log = page.getByRole('log', { name: 'Logs', exact: true })
  const frames = () => page.evaluate(async () => {
    for (let n = 0; n < 30; n++) await new Promise((resolve) => requestAnimationFrame(resolve))
  })
  const expectEnd = async (text) => {
    // As long as a smooth scroll takes.
    await frames()
    await lines(page).filter({ hasText: text }).waitFor()
    assert.equal(await button(page, 'Follow').getAttribute('aria-pressed'), 'true', text)
    assert.ok(await log.evaluate((each) => each.scrollHeight - each.clientHeight - each.scrollTop < 2), text)
  }
  await go(page, '/processes')
  await go(page, '/logs?process=many')
  await lines(page).filter({ hasText: 'line 3000' }).waitFor()
  await log.focus()
  await page.keyboard.press('PageUp')
  await page.keyboard.press('End')
  await expectEnd('line 3000')
  await page.keyboard.press('PageUp')
  await button(page, 'Follow').and(page.locator('[aria-pressed=false]')).waitFor()
  await page.evaluate(() => (location.hash = '#/logs?process=traces'))
  await page.locator('[data-process=traces]').first().waitFor()
  await page.keyboard.press('End')
  await expectEnd('line 300')
  for (const key of ['PageUp', 'Shift+Space']) {
    await page.keyboard.press(key)
    await button(page, 'Follow').and(page.locator('[aria-pressed=false]')).waitFor()
    await page.keyboard.press(key === 'PageUp' ? 'PageDown' : 'Space')
    await expectEnd('line 300')
  }
}

async function checkErrors(page) {
  // A new view follows.
  await go(page, '/processes')
  await go(page, '/logs?process=traces')
  await lines(page).filter({ hasText: 'line 300' }).waitFor()
  const status = page.locator('.status').filter({ hasText: /error/ })
  const cursor = page.locator('.row.cursor')
  const expectError = async (number, text) => {
    await status.filter({ hasText: `error ${number} of 3` }).waitFor()
    await cursor.filter({ hasText: text }).waitFor()
    assert.ok(await cursor.isVisible())
  }
  await button(page, 'Previous error').click()
  await expectError(3, 'ERROR: last')
  await page.keyboard.press('E')
  await expectError(2, 'java.lang.IllegalStateException: state')
  await page.keyboard.press('e')
  await expectError(3, 'ERROR: last')
  await button(page, 'Next error').click()
  await expectError(1, 'ERROR: first')
  // Elsewhere the keys do nothing: a voice or a slip may type them.
  await button(page, 'Wrap').focus()
  await page.keyboard.press('e')
  await page.getByRole('log').focus()
  await page.keyboard.press('e')
  await expectError(2, 'java.lang.IllegalStateException: state')
  await page.keyboard.press('E')
  await expectError(1, 'ERROR: first')
  // A key in a text field is text.
  const filter = page.getByRole('searchbox', { name: 'Filter' })
  await filter.focus()
  await page.keyboard.press('e')
  assert.equal(await filter.inputValue(), 'e')
  await expectError(1, 'ERROR: first')
  await filter.fill('line')
  await page.getByText('300 rows').waitFor()
  await button(page, 'Next error').click()
  await status.filter({ hasText: 'no errors' }).waitFor()
}

async function checkFolds(page) {
  await go(page, '/processes')
  await go(page, '/logs?process=folds')
  await lines(page).filter({ hasText: /^.*last$/ }).waitFor()
  const log = page.getByRole('log', { name: 'Logs', exact: true })
  const home = async () => {
    await log.focus()
    await page.keyboard.press('Home')
    await lines(page).filter({ hasText: 'first' }).waitFor()
  }
  await home()
  const line = (text) => lines(page).filter({ hasText: text })
  const fold = (text) => line(text).getByRole('button')
  const expectFold = async (text, name, isExpanded) => {
    await line(text).getByRole('button', { name, exact: true }).waitFor()
    assert.equal(await fold(text).getAttribute('aria-expanded'), String(isExpanded), text)
  }
  // A trace is one row, with what was raised and the number of the other lines.
  await expectFold('Traceback', '▸ 3 lines', false)
  assert.match(await line('Traceback').textContent(), /call last\): ValueError: bad <b>number<\/b> ▸ 3 lines$/)
  assert.equal(await line('File "a.py"').count(), 0)
  await expectFold('Exception in thread', '▸ 60 lines', false)
  await expectFold('panic: boom', '▸ 4 lines', false)
  await line('exit status 2').waitFor()
  await page.getByText('89 rows').waitFor()

  await fold('Traceback').click()
  await expectFold('Traceback', '▾ 3 lines', true)
  await line('File "a.py"').waitFor()
  await page.getByText('92 rows').waitFor()
  // With the keyboard: on the button, and on the current line.
  assert.equal(await page.evaluate(() => document.activeElement.className), 'fold')
  await page.keyboard.press('Enter')
  await expectFold('Traceback', '▸ 3 lines', false)
  assert.equal(await page.evaluate(() => document.activeElement.className), 'fold')
  await page.keyboard.press('Space')
  await expectFold('Traceback', '▾ 3 lines', true)
  await log.focus()
  await page.keyboard.press('ArrowDown')
  await page.locator('.cursor').filter({ hasText: 'File "a.py"' }).waitFor()
  await page.keyboard.press('Enter')
  await expectFold('Traceback', '▸ 3 lines', false)
  await page.locator('.cursor').filter({ hasText: 'Traceback' }).waitFor()

  // Structured lines.
  const json = 'low <b>disk</b>'
  assert.match(await line(json).locator('.text').textContent(), /^WARN low <b>disk<\/b>  free=12 at={"x":\[1\]}$/)
  await expectFold(json, '▸ 4 fields', false)
  const fields = (text) => line(text).locator('.field').allTextContents()
  for (const wraps of ['true', 'false']) {
    if ((await button(page, 'Wrap').getAttribute('aria-pressed')) !== wraps) await button(page, 'Wrap').click()
    const [before, next] = [await line(json).boundingBox(), await line('Exception in thread').boundingBox()]
    await fold(json).click()
    await expectFold(json, '▾ 4 fields', true)
    assert.deepEqual(await fields(json), ['level: warn', `msg: ${json}`, 'free: 12', 'at: {\n  "x": [\n    1\n  ]\n}'])
    const [after, moved] = [await line(json).boundingBox(), await line('Exception in thread').boundingBox()]
    assert.deepEqual([before.y, before.y + before.height], [after.y, next.y], `wrap ${wraps}: the row stays`)
    assert.equal(moved.y, after.y + after.height, `wrap ${wraps}: rows do not overlap`)
    assert.ok(after.height > 8 * before.height)
    await fold(json).click()
    await expectFold(json, '▸ 4 fields', false)
    assert.equal((await line('Exception in thread').boundingBox()).y, next.y)
  }
  await button(page, 'Wrap').click()
  assert.match(await line('two words').locator('.text').textContent(), /^ERROR two words {2}n=3 stack=one two$/)
  await fold('two words').click()
  assert.deepEqual(await fields('two words'), ['level: error', 'msg: two words', 'n: 3', 'stack: one\ntwo'])
  await page.evaluate(axe)
  const { violations } = await page.evaluate(
    (tags) => globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } }), TAGS)
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]), [])
  await fold('two words').click()

  // Copying has the hidden lines, and structured ones as they were written.
  await button(page, 'Copy').click()
  await page.getByText('copied 156 rows as text').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  assert.ok(copied.includes('    raise ValueError\n'))
  assert.ok(copied.includes('{"level":"warn","msg":"low <b>disk</b>","free":12,"at":{"x":[1]}}\n'))

  // A hit unfolds its trace, and a filter folds nothing.
  await home()
  const find = page.getByRole('searchbox', { name: 'Find' })
  await find.fill('a.B.f40')
  await page.getByText('1 of 1', { exact: true }).waitFor()
  await line('a.B.f40(').waitFor()
  assert.ok(await line('a.B.f40(').isVisible())
  const id = await line('a.B.f40(').getAttribute('data-id')
  await find.fill('')
  const filter = page.getByRole('searchbox', { name: 'Filter' })
  await filter.fill('main.main()')
  await page.getByText('1 row', { exact: true }).waitFor()
  assert.equal(await line('main.main()').getByRole('button').count(), 0)
  await filter.fill('')
  await page.getByText('149 rows').waitFor()

  // So does a link to a line.
  await go(page, '/processes')
  await go(page, `/logs?process=folds&line=${id}`)
  await page.locator(`.cursor[data-id="${id}"]`).waitFor()
  await home()
  await expectFold('Exception in thread', '▾ 60 lines', true)
  await expectFold('Traceback', '▸ 3 lines', false)
}

async function checkRequests(page) {
  await go(page, '/requests')
  const table = page.getByRole('table', { name: 'Requests', exact: true })
  await table.getByRole('row').filter({ hasText: '404' }).waitFor()
  const filter = page.getByRole('searchbox', { name: 'Filter' })
  await filter.fill('status:2xx method:GET')
  await page.getByText('1 of 3', { exact: true }).waitFor()
  // A WebSocket that is open.
  const { requests } = await page.evaluate(() => fetch('/api/v1/proxy/requests?min_status=101').then((r) => r.json()))
  const socket = requests.find((request) => request.status_code === 101)
  await go(page, `/requests/${socket.id}`)
  const frames = page.getByRole('table', { name: 'Frames' }).getByRole('row')
  const evil = "<script>window.hacked = 'frame'</script>"
  await frames.filter({ hasText: '← received' }).filter({ hasText: evil }).waitFor()
  await frames.filter({ hasText: '→ sent' }).filter({ hasText: 'hello' }).waitFor()
  assert.equal(await page.getByText('Request body').count(), 0)
  await go(page, '/requests')
  await filter.fill('status:404')
  await page.getByText('1 of 3', { exact: true }).waitFor()
  await table.getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: 'Request' }).waitFor()
  await page.getByText('<script>window.hacked=1</script>').first().waitFor()
  await button(page, 'Copy as curl').click()
  await page.getByText('copied', { exact: true }).waitFor()
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl --globoff --path-as-is -X GET /)
  const before = page.url()
  await button(page, 'Replay').click()
  await until(() => page.url() !== before, 'the replay is shown')
  await page.getByText('Replay of').waitFor()
}

async function checkOthers(page) {
  await go(page, '/graph')
  const table = page.getByRole('table', { name: 'Dependencies' })
  await table.getByRole('row').filter({ hasText: 'many' }).filter({ hasText: 'web' }).first().waitFor()
  await page.getByText('Critical path:').waitFor()
  await go(page, '/jobs')
  await page.getByRole('table', { name: 'Jobs' }).getByRole('row').filter({ hasText: 'task' }).waitFor()
  const run = page.getByRole('table', { name: 'Runs' }).getByRole('row').filter({ hasText: '✕ failed' })
  await run.filter({ hasText: '2 jobs' }).filter({ hasText: 'check' }).getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: 'Run' }).waitFor()
  const timeline = page.getByRole('table', { name: 'Time line' })
  await timeline.getByRole('row').filter({ hasText: 'task' }).filter({ hasText: '✓ passed' }).waitFor()
  await timeline.getByRole('row').filter({ hasText: 'check' }).filter({ hasText: '✕ failed' }).waitFor()
  await page.getByRole('img', { name: /^Time line of the run/ }).waitFor()
  assert.equal(await page.locator('svg .kind-failed').count(), 1)
  await page.getByText('<script>window.hacked = 1</script>', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'All runs' }).click()
  await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
  await go(page, '/system')
  await page.getByText('prox.yaml').first().waitFor()
  await page.getByRole('log').locator('[data-process=system]').first().waitFor()
}

async function checkAccessibility() {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [360, 1280]) {
      const page = await newPage({ bypassCSP: true, colorScheme, viewport: { width, height: 800 } })
      const paths = ['/processes', '/processes/web', '/logs', '/requests', '/graph', '/jobs', '/system']
      await go(page, '/requests')
      paths.push((await page.getByRole('table').getByRole('link').first().getAttribute('href')).slice(1))
      await go(page, '/jobs')
      const run = page.getByRole('table', { name: 'Runs' }).getByRole('link').first()
      paths.push((await run.getAttribute('href')).slice(1))
      for (const path of paths) {
        await go(page, path)
        await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor()
        await until(async () => (await page.getByText('Loading.').count()) === 0, 'the view is loaded')
        if (path === '/logs') {
          await page.getByRole('searchbox', { name: 'Find' }).fill('line')
          await page.locator('mark').first().waitFor()
        }
        await page.evaluate(axe)
        const { violations } = await page.evaluate(
          (tags) => globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } }), TAGS)
        const found = violations.map(({ id, nodes }) =>
          [id, ...nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`)])
        assert.deepEqual(found, [], `${path} ${colorScheme} ${width}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(overflow <= 0, `${path} is ${overflow} px wider than ${width} px`)
      }
      await page.context().close()
    }
  }
}

async function checkViews(page) {
  const hosts = new Set()
  page.on('request', (request) => hosts.add(new URL(request.url()).origin))
  await go(page, '/processes')
  await checkShell(page)
  await checkActions(page)
  await checkLogs(page)
  await checkKeys(page)
  await checkErrors(page)
  await checkFolds(page)
  await checkRequests(page)
  await checkOthers(page)
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined)
  const expected = /status of 409/
  assert.deepEqual(page.complaints.filter((text) => !expected.test(text)), [])
  assert.deepEqual([...hosts], [base])
}

const page = await newPage({ viewport: { width: 1280, height: 800 } })
try {
  await { views: checkViews, accessibility: checkAccessibility }[part](page)
} catch (error) {
  if (process.env.PAGES_SCREENSHOT) await page.screenshot({ path: process.env.PAGES_SCREENSHOT })
  console.error(page.complaints.join('\n'))
  throw error
} finally {
  await browser.close()
}
