// Take PNG screenshots of the dashboard in headless Chromium, light and dark.
// Arguments: the folder of playwright-core, the path of Chromium, the base URL, the folder for the images, the id of a run.
import { createRequire } from 'node:module'

const [packages, executablePath, base, folder, run] = process.argv.slice(2)
const { chromium } = createRequire(`${packages}/package.json`)('playwright-core')
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const SHOTS = [
  ['dashboard-processes', '/processes', 'light'],
  ['dashboard-process', '/processes/api', 'light'],
  ['dashboard-logs', '/logs', 'dark'],
  ['dashboard-requests', '/requests', 'light'],
  ['dashboard-run', `/jobs/${run}`, 'light'],
]
try {
  for (const [name, view, colorScheme] of SHOTS) {
    const page = await browser.newPage({ viewport: { width: 1100, height: 640 }, colorScheme })
    await page.goto(`${base}/#${view}`)
    await page.getByRole('status').filter({ hasText: /^connected$/ }).waitFor()
    if (view === '/processes/api') {
      // The chart has its first samples.
      await page.waitForTimeout(9000)
    } else if (view === '/logs') {
      await page.getByRole('log').locator('[data-id]').nth(10).waitFor()
    } else {
      await page.getByRole('row').nth(3).waitFor()
    }
    await page.screenshot({ path: `${folder}/${name}.png` })
    await page.close()
  }
} finally {
  await browser.close()
}
