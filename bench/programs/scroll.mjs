// Scroll the dashboard's log in headless Chromium and print the time between frames, in milliseconds, as JSON.
// Arguments: the folder of playwright-core, the path of Chromium, the base URL, the number of lines that the process `many`
// writes, and the seconds to scroll.
import { createRequire } from 'node:module'

const [packages, executablePath, base, lines, seconds] = process.argv.slice(2)
const { chromium } = createRequire(`${packages}/package.json`)('playwright-core')
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(`${base}/#/logs`)
  const log = page.getByRole('log', { name: 'Logs', exact: true })
  await log.locator('[data-id]').first().waitFor()
  await fetch(`${base}/api/v1/processes/many/start`, { method: 'POST' })
  // Taller than so many rows of 16 px: they have arrived.
  await page.waitForFunction(
    ([least]) => document.querySelector('[role=log]').scrollHeight >= least * 16,
    [Number(lines)],
    { timeout: 60000 },
  )
  const frames = await page.evaluate(async (duration) => {
    const log = document.querySelector('[role=log]')
    log.scrollTop = log.scrollHeight / 2
    const times = []
    const end = performance.now() + duration
    let before = await new Promise(requestAnimationFrame)
    while (before < end) {
      log.scrollTop -= 120
      const now = await new Promise(requestAnimationFrame)
      times.push(now - before)
      before = now
    }
    return times
  }, Number(seconds) * 1000)
  console.log(JSON.stringify(frames.slice(10)))
} finally {
  await browser.close()
}
