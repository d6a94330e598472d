// Opens each view of an instance whose every text is hostile. Values: base; texts; control; check: output of a check.
import assert from 'node:assert/strict'
import { becomes, connection, lines, newPage, row, run, values } from './chromium.mjs'

const { base, texts, control, check } = values
const FORBIDDEN = ['script', 'img', 'iframe', 'object', 'embed', 'style', 'link', 'meta', 'base', 'form',
  'math', 'details',
  'textarea', 'animate', 'foreignObject', 'a[href^="javascript:" i]', 'a[href^="data:" i]', '[srcdoc]']
const NAMES = ['constructor', 'toString', 'hasOwnProperty', 'valueOf']

await run(async (browser) => {
  const context = await browser.newContext()
  await context.addInitScript(() => {
    globalThis.__violations = []
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
  })
  const page = await newPage(context)
  const dialogs = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    dialog.dismiss()
  })
  const requests = new Set()
  page.on('request', (request) => requests.add(new URL(request.url()).origin))

  /** Check that nothing was executed, and no element was made of a text. */
  async function nothingRan(where) {
    const state = await page.evaluate((forbidden) => {
      const found = [...document.querySelectorAll(`#app :is(${forbidden.join()})`)].map((each) => each.outerHTML)
      for (const each of document.querySelectorAll('#app *')) {
        const handlers = each.getAttributeNames().filter((name) => name.startsWith('on'))
        if (handlers.length) found.push(`${each.localName} ${handlers}`)
      }
      return { found, ran: globalThis.__xss, polluted: {}.polluted, violations: globalThis.__violations }
    }, FORBIDDEN)
    assert.deepEqual(state, { found: [], ran: undefined, polluted: undefined, violations: [] }, where)
    assert.deepEqual(dialogs, [], where)
    assert.deepEqual([...requests], [base], where)
    assert.ok(page.url().startsWith(`${base}/`), `${where}: ${page.url()}`)
  }
  const heading = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  /** Go to another address of the page, and wait for a frame. */
  const go = async (hash) => {
    await page.evaluate((to) => new Promise((resolve) => {
      location.hash = to
      setTimeout(() => requestAnimationFrame(() => setTimeout(resolve)))
    }), hash)
  }
  const shows = async (parts, where) => {
    const content = await page.locator('main').evaluate((main) => main.textContent)
    for (const part of parts) {
      assert.ok(content.includes(part), `${where} does not show ${JSON.stringify(part)}: ${content.slice(0, 600)}`)
    }
  }

  await page.goto(`${base}/`)
  await connection(page, 'connected')
  for (const name of NAMES) await row(page, name).filter({ hasText: '● running' }).waitFor()
  await nothingRan('processes')
  await go('#/processes/web')
  await page.getByText(check, { exact: true }).last().waitFor()
  await becomes(() => page.locator('main').evaluate((main, text) => main.textContent.includes(text), texts.join(' ')),
    true,
    'the description shown')
  const variables = await page.locator('.environment dd').allTextContents()
  assert.deepEqual(variables.filter((text) => !text.startsWith('<b>prototype')), texts)
  await shows(['__proto__', '<b>prototype</b>', 'isPrototypeOf, watch', check], 'the process')
  await nothingRan('process')
  await go('#/processes/missing')
  await page.getByText('<img src=x onerror=window.__xss=1>').first().waitFor()
  await nothingRan('reason')
  for (const name of NAMES) {
    await go(`#/processes/${name}`)
    await heading(name)
    await page.getByText('sleep 1000').first().waitFor()
    await page.getByRole('img', { name: new RegExp(`^CPU of ${name}`) }).waitFor()
  }
  for (const name of ['Graph', 'Jobs', 'System']) {
    await go(`#/${name.toLowerCase()}`)
    await heading(name)
    await nothingRan(name)
  }

  await go('#/logs?process=web')
  await lines(page).last().waitFor()
  const filter = page.getByRole('searchbox', { name: 'Filter' })
  const find = page.getByRole('searchbox', { name: 'Find' })
  // All rows, a screen at a time.
  const shown = new Set()
  const log = page.getByRole('log', { name: 'Logs' })
  await log.focus()
  await page.keyboard.press('Home')
  await lines(page).filter({ hasText: 'window.__xss' }).first().waitFor()
  for (let end = false; !end;) {
    for (const text of await lines(page).locator('.text').allTextContents()) shown.add(text)
    end = await log.evaluate((element) => new Promise((resolve) => {
      const before = element.scrollTop
      element.scrollTop += element.clientHeight / 2
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(element.scrollTop === before)))
    }))
    await nothingRan('logs')
  }
  const all = [...shown]
  // An escape sequence is not shown, and its text is that of the log.
  for (const text of texts) assert.ok(shown.has(text), `the log does not show ${JSON.stringify(text)}`)
  assert.ok(all.some((text) => text.includes('<script>') && text.startsWith('nul')), 'the line with NUL is not shown')
  assert.ok(shown.has('<img src=x onerror=window.__xss=1>'), 'the coloured line is not shown')
  assert.ok(control.length && all.every((text) => !text.includes('\x1b')), 'an escape character is shown')
  for (const text of [...texts.filter((each) => each.length < 1000), '~<(script|img)[^>]*>', '~(', '~(a+)+$']) {
    await filter.fill(text)
    await find.fill(text)
    await find.press('Enter')
    await nothingRan(`filter ${text}`)
  }
  await filter.fill('')
  await find.fill('')
  // Structured lines, whose keys and values are hostile.
  for (const [number, text] of texts.entries()) {
    if (text.length >= 5000) continue
    await filter.fill(`~"number": ${number}}$`)
    await page.getByText('1 row', { exact: true }).waitFor()
    await log.getByRole('button', { name: '▸ 5 fields', exact: true }).click()
    await log.getByRole('button', { name: '▾ 5 fields', exact: true }).waitFor()
    const quoted = JSON.stringify(text)
    assert.deepEqual(await log.locator('.field').allTextContents(), [
      'level: error', `msg: ${text}`, `a${text}: ${text}`, `__proto__: {\n  ${quoted}: [\n    ${quoted}\n  ]\n}`,
      `number: ${number}`])
    await nothingRan(`fields with ${text}`)
  }
  await filter.fill('')

  for (const text of texts) {
    const part = encodeURIComponent(text)
    for (const hash of [`#/logs?filter=${part}`, `#/logs?process=${part}&level=${part}&line=${part}`, `#/logs?${text}`,
      `#/processes/${part}`, `#/processes/${text}`, `#/requests/${part}`, `#/${text}`]) {
      await go(hash)
      await nothingRan(hash)
      if (hash === `#/logs?filter=${part}`) assert.equal(await filter.inputValue(), text.replace(/[\r\n]/g, ''))
      if (hash === `#/processes/${part}`) assert.equal(await page.locator('h1').textContent(), text)
    }
  }

  await go('#/requests')
  await heading('Requests')
  const links = page.getByRole('table', { name: 'Requests' }).getByRole('link')
  await becomes(() => links.count(), texts.length, 'the number of requests')
  await nothingRan('requests')
  await page.getByRole('searchbox', { name: 'Filter' }).fill(`status:200 ${texts[0]}`)
  await nothingRan('filter of the requests')
  await page.getByRole('searchbox', { name: 'Filter' }).fill('')
  await becomes(() => links.count(), texts.length, 'the number of requests')
  const addresses = await links.evaluateAll((each) => each.map((link) => link.getAttribute('href')))
  for (const [i, address] of addresses.reverse().entries()) {
    await go(address)
    const body = page.getByLabel('Request body', { exact: true })
    await body.waitFor()
    assert.equal(await body.textContent(), texts[i])
    assert.equal(await page.getByLabel('Response body', { exact: true }).textContent(), texts[i])
    // A field has Latin-1 characters only, and no space around it (RFC 9110 §5.5).
    const field = [...texts[i]].filter((each) => each <= '\xff').join('').slice(0, 500).trim()
    const fields = await page.locator('.environment > div').allTextContents()
    for (const name of ['x-text', 'x-answer', '__proto__']) {
      assert.ok(fields.some((each) => each.toLowerCase() === `${name}${field}`.toLowerCase()),
        `${name}: ${fields.join('\n')}`)
    }
    await nothingRan(`request ${texts[i]}`)
  }
  // Processes that the address makes up are not there.
  const expected = /status of 404/
  assert.deepEqual(page.complaints.filter((text) => !expected.test(text)), [])
})
