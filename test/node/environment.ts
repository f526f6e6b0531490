/** What runs on the node finds by variables: real servers, the images of this checkout, and a Python with moto. */
import { build } from '../../scripts/build.ts'
import { pythonEnvironment } from '../rig/processes/python.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { ALL_SERVERS, ensureServers, serverVariables } from '../rig/servers/build.ts'
import { buildImages } from './build-images.ts'

/** Builds what is missing, with progress on stdout; the images go with this process. */
export async function nodeEnvironment(): Promise<Record<string, string>> {
  await ensureServers(ALL_SERVERS)
  build()
  process.stdout.write('images: building those for the node\n')
  const images = scratchFolder('node-images')
  buildImages(images)
  return { ...serverVariables(ALL_SERVERS), IAM_RA_IMAGES: images, IAM_RA_PYTHON: pythonEnvironment() }
}
