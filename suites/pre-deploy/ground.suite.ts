import { checks, describe, expect, suiteContext, test } from '#harness/test/index'

const { release } = suiteContext()

describe.concurrent('the ground a deployment stands on', () => {
  test('the load balancer is active and covers every zone of the service', async ({ service }) => {
    await expect(service).toSpanZones()
  })

  test('security groups let the load balancer reach traffic and health-check ports', async ({ service }) => {
    await expect(service).toAllowTraffic()
  })

  test('health checks can tell a working target from a broken one', async ({ service }) => {
    await expect(service).toPass(checks.healthCheckSettings)
  })

  test('there is room for a second fleet', async ({ service }) => {
    await expect(service).toHaveRoomForAnotherFleet()
  })

  test('the account has room for a second fleet', async ({ service }) => {
    await expect(service).toPass(checks.quotas)
  })

  test('the account may run the vCPUs of a second fleet', async ({ service }) => {
    await expect(service).toPass(checks.vcpuQuota)
  })

  test('what is launched is to be had in every zone', async ({ service }) => {
    const { launchTemplateVersion: version } = release
    const [stable] = service.fleets
    const id = stable?.launchTemplate.id ?? ''
    const launchTemplate = version === undefined ? undefined : { id, version: String(version) }
    await expect(service).toBeLaunchable({ launchTemplate })
  })

  test('nobody has changed the service since its last deployment', async ({ service }) => {
    await expect(service).toBeAsDeployed()
  })

  test('its DNS names are delegated, and answers hold no longer than an hour', async ({ service }) => {
    await expect(service).toHaveSoundDns()
  })

  test('its certificates are valid for two weeks more', async ({ service }) => {
    await expect(service).toShowValidCertificates()
  })

  test('there is a way back: what serves now can be launched again', async ({ service }) => {
    await expect(service).toBeRevertible()
  })

  if (release.imageId !== undefined) {
    const { imageId } = release
    test('the image of the new release is available', async ({ service }) => {
      await expect(service).toPass(checks.imageAvailable, { imageId })
    })
  }

  if (release.launchTemplateVersion !== undefined) {
    const version = String(release.launchTemplateVersion)
    test('the launch template version of the new release is there', async ({ service }) => {
      const launchTemplates = service.fleets
        .slice(0, 1)
        .map(({ launchTemplate: { id } }) => ({ id, version }))
      await expect(service).toBeRevertible({ launchTemplates })
    })
  }
})
