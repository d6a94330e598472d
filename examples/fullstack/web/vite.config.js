// The page finds the API at import.meta.env.PROX_URL_API, as prox sets it.
export default { envPrefix: 'PROX_URL_', cacheDir: '../.data/vite', clearScreen: false }
