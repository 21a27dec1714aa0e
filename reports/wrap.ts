/** A number and its unit stay on one line. */
const QUANTITY = /(\d) (?=(?:ms|s|%)(?![a-z]))/g
const TIE = '\u00a0'

/** Breaks text into lines of at most `width` columns; a longer word is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(8, width)
  const lines: string[] = []
  let line = ''
  const words = text.replace(QUANTITY, `$1${TIE}`).split(/[ \n\t]+/)
  for (const word of words.filter((each) => each !== '')) {
    if (line !== '' && line.length + 1 + word.length <= room) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (line.length > room) {
      lines.push(line.slice(0, room))
      line = line.slice(room)
    }
  }
  if (line !== '') lines.push(line)
  return lines.map((each) => each.replaceAll(TIE, ' '))
}

/** Cuts text to `width` columns, saying so with an ellipsis. */
export const shorten = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
