// A service as a user might put it into an image: says who it is, and ends when told to.
import { createServer } from 'node:http'

const { PORT, INSTANCE_ID = '', AVAILABILITY_ZONE, USER_DATA } = process.env
const { version = 'unknown', broken } = JSON.parse(USER_DATA || '{}')
if (broken) {
  console.error('this release does not start')
  process.exit(3)
}
const server = createServer((_, response) => {
  response.setHeader('x-app-version', version).setHeader('x-instance-id', INSTANCE_ID)
  response.end(JSON.stringify({ version, instanceId: INSTANCE_ID, zone: AVAILABILITY_ZONE }))
})
process.on('SIGTERM', () => {
  server.close(() => process.exit())
  server.closeIdleConnections()
})
server.listen(Number(PORT), '0.0.0.0')
