import { fileURLToPath } from 'node:url'

/** The path of a module beside the asking one and with its extension: TypeScript from source, JavaScript when built. */
export function besideThis(name: string, url: string): string {
  return fileURLToPath(new URL(`./${name}${url.endsWith('.ts') ? '.ts' : '.js'}`, url))
}
