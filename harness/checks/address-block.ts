/** Whether an IPv4 block (`10.0.0.0/16`) contains another one whole. */
export function containsBlock(outer: string, inner: string): boolean {
  const [a, b] = [parse(outer), parse(inner)]
  if (!a || !b || a.bits > b.bits) return false
  const shift = 2 ** (32 - a.bits)
  return Math.floor(a.address / shift) === Math.floor(b.address / shift)
}

function parse(block: string): { readonly address: number; readonly bits: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(block)
  if (!match) return undefined
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number)
  return { address: a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d, bits }
}
