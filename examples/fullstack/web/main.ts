type Order = { id: number; item: string; quantity: number; status: string; total: number | null }

const orders = `${import.meta.env.PROX_URL_API}/orders`
const form = document.querySelector('form')!
const list = document.querySelector('ul')!

async function show() {
  const answer: { orders: Order[] } = await (await fetch(orders)).json()
  list.replaceChildren(
    ...answer.orders.map(({ id, item, quantity, status, total }) => {
      const line = document.createElement('li')
      line.textContent = `${id}: ${quantity} ${item}, ${total === null ? status : (total / 100).toFixed(2)}`
      return line
    }),
  )
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { item, quantity } = Object.fromEntries(new FormData(form))
  const body = JSON.stringify({ item, quantity: Number(quantity) })
  await fetch(orders, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
  await show()
})

setInterval(show, 1000)
await show()
