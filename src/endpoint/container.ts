/** The container-credentials endpoint, to which AWS_CONTAINER_CREDENTIALS_FULL_URI points SDKs. */
import { headerOf, refusal, type Answer, type EndpointRequest } from './answer.ts'
import { isSameSecret } from './secret.ts'

const UNAUTHORIZED = refusal(
  401,
  'Unauthorized',
  'the Authorization header does not match the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
)

/** @returns the refusal; undefined for a reader that knows the token */
export function refuseContainerReader(request: EndpointRequest, token: string): Answer | undefined {
  const given = headerOf(request, 'authorization')
  return given !== undefined && isSameSecret(given, token) ? undefined : UNAUTHORIZED
}
