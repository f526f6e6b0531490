/** The source with a certificate issued elsewhere: read the mounted files, then exchange at Roles Anywhere. */
import type { MountedCertificateSettings } from '../certificate/settings.ts'
import type { ExchangeSettings } from '../exchange/settings.ts'
import { exchange, exchangeProbe } from './roles-anywhere.ts'
import type { Source } from './source.ts'
import { usable } from './usable-certificate.ts'

export interface MountedCertificateSource {
  readonly certificate: MountedCertificateSettings
  readonly exchange: ExchangeSettings
}

export function mountedCertificate(settings: MountedCertificateSource): Source {
  const { certificateFile, privateKeyFile, chainFile } = settings.certificate
  return {
    again: 'reading it again',
    probes: [exchangeProbe(settings.exchange)],
    async obtain(watch) {
      const certificate = await watch.step(
        {
          name: 'mounted_certificate',
          title: 'mounted certificate',
          stage: 'certificate',
          how: 'reads',
          sent: {
            certificate_file: certificateFile,
            private_key_file: privateKeyFile,
            chain_file: chainFile,
          },
        },
        async (step) => {
          const { readMountedCertificate } = await import('../certificate/mounted.ts')
          return await usable(await readMountedCertificate(settings.certificate, step), step)
        },
      )
      const credentials = await exchange(settings.exchange, certificate, watch)
      return { certificate, credentials, revoked: Promise.resolve() }
    },
  }
}
