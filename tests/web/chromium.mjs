// Chromium for the scripts that helpers.dashboard.drive runs, and what they share.
// Arguments: the folder of playwright-core, the path of Chromium, the values of the test as JSON.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [packages, executablePath, json] = process.argv.slice(2)
const { chromium } = createRequire(`${packages}/package.json`)('playwright-core')
const SECONDS = 15

export const values = JSON.parse(json)

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Let the test carry out a step; return its answer. */
export async function ask(step) {
  console.log(step)
  const { value, done } = await answers.next()
  assert.ok(!done, `the test has ended before the step ${step}`)
  return JSON.parse(value)
}

/** Run a script with a browser, and close it. */
export async function run(script, args = []) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...args] })
  try {
    await script(browser)
  } finally {
    await browser.close()
    process.stdin.destroy()
  }
}

/** Open a page of a context; its errors are collected in `complaints`. */
export async function newPage(context) {
  const page = await context.newPage()
  page.setDefaultTimeout(SECONDS * 1000)
  page.complaints = []
  page.on('pageerror', (error) => page.complaints.push(error.stack))
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()))
  return page
}

/** Wait until a function returns the expected value. */
export async function becomes(get, expected, what) {
  const end = Date.now() + SECONDS * 1000
  for (;;) {
    const value = await get()
    if (value === expected) return
    assert.ok(Date.now() < end, `${what} is ${JSON.stringify(value)}, not ${JSON.stringify(expected)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export const connection = (page, state) =>
  becomes(() => page.getByRole('banner').getByRole('status').textContent(), state, 'the connection')
export const row = (page, name) =>
  page.getByRole('table', { name: 'Processes', exact: true }).getByRole('row')
    .filter({ has: page.getByRole('link', { name, exact: true }) })
export const button = (page, name) => page.getByRole('button', { name, exact: true })
export const lines = (page) => page.getByRole('log', { name: 'Logs', exact: true }).locator('[data-id]')
