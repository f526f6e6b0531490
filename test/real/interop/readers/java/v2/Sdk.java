import java.net.URI;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.services.sts.StsClient;

final class Sdk {
  static String version() {
    return VersionInfo.SDK_VERSION;
  }

  /** A client of its own for each, as the default one is shared by all of a JVM. */
  static Runner.App start() {
    DefaultCredentialsProvider provider = DefaultCredentialsProvider.builder().build();
    return new Runner.App() {
      @Override
      public Map<String, Object> credentials() throws Exception {
        AwsCredentials found = provider.resolveCredentials();
        String token = found instanceof AwsSessionCredentials session ? session.sessionToken() : null;
        return Runner.keys(
            found.accessKeyId(),
            found.secretAccessKey(),
            token,
            found.accountId().orElse(null),
            found.expirationTime().orElse(null));
      }

      @Override
      public Map<String, Object> use() {
        URI endpoint = URI.create(System.getenv("AWS_ENDPOINT_URL_STS"));
        try (StsClient sts = StsClient.builder().credentialsProvider(provider).endpointOverride(endpoint).build()) {
          return Map.of("arn", sts.getCallerIdentity().arn());
        }
      }
    };
  }
}
