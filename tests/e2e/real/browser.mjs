// Drives headless Chromium: one command a line on stdin, as JSON; one answer a line on stdout.
// {"goto": URL} answers with the text of the page and its status; {"wait": TEXT} when the page shows it; {"said": TEXT}
// when the page has written it to its console since the last goto.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(`${process.argv[2]}/package.json`)
const { chromium } = require('playwright-core')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync']
const context = await chromium.launchPersistentContext(process.argv[3], {
  executablePath: process.argv[4], args: flags, headless: true,
})
const page = await context.newPage()
const messages = []
page.on('console', (message) => messages.push(message.text()))
console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    if (command.goto) {
      messages.length = 0
      const response = await page.goto(command.goto, { timeout: 60000 })
      answer = { status: response.status(), text: await page.textContent('body') }
    } else if (command.said) {
      while (!messages.some((message) => message.includes(command.said))) {
        await page.waitForEvent('console', { timeout: 60000 })
      }
      answer = { messages }
    } else {
      await page.waitForFunction((text) => document.body.textContent.includes(text), command.wait, { timeout: 60000 })
      answer = { text: await page.textContent('body'), messages }
    }
  } catch (error) {
    answer = { error: String(error), messages }
  }
  console.log(JSON.stringify(answer))
}
await context.close()
