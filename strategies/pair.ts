import type { FleetSnapshot, FleetTarget, Marks, Release } from '#harness/strategy'

type Planted = Pick<FleetTarget, 'template' | 'marks'>

/** The one of a pair that does not serve, as found; that an attempt which ended badly was proving it is no part of that. */
export function asPlanted({
  role,
  launchTemplate: { version },
  marks: { role: marked, ...marks } = {},
}: FleetSnapshot): Planted & Partial<Pick<FleetTarget, 'role'>> {
  const proven = role === 'candidate'
  return {
    role: 'parked',
    template: { version },
    marks: { ...marks, ...(marked === undefined || proven ? {} : { role: marked }) },
  }
}

/** The same while it is proven, or once it serves. A release that names a launch template version has that one. */
export function plantedWith(
  next: FleetSnapshot | undefined,
  { version: release, launchTemplateVersion }: Release,
  as: 'candidate' | 'stable',
): Planted {
  if (!next) return {}
  const marks: Marks = { release, ...(as === 'candidate' ? { role: as } : {}) }
  const template =
    launchTemplateVersion === undefined ? 'release' : { version: String(launchTemplateVersion) }
  return { template, marks }
}
