/** Which of several hypotheses fall while the chance of any false alarm stays at most alpha (Holm 1979). */
export function holm(pValues: readonly number[], alpha: number): boolean[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  const kept = order.findIndex(({ p }, rank) => p > alpha / (pValues.length - rank))
  const fallen = new Set(order.slice(0, kept === -1 ? order.length : kept).map(({ index }) => index))
  return pValues.map((_, index) => fallen.has(index))
}
