import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSSessionCredentials;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.securitytoken.AWSSecurityTokenService;
import com.amazonaws.services.securitytoken.AWSSecurityTokenServiceClientBuilder;
import com.amazonaws.services.securitytoken.model.GetCallerIdentityRequest;
import com.amazonaws.util.VersionInfoUtils;
import java.util.Map;

final class Sdk {
  static String version() {
    return VersionInfoUtils.getVersion();
  }

  static Runner.App start() {
    DefaultAWSCredentialsProviderChain chain = new DefaultAWSCredentialsProviderChain();
    return new Runner.App() {
      @Override
      public Map<String, Object> credentials() throws Exception {
        AWSCredentials found = chain.getCredentials();
        String token = found instanceof AWSSessionCredentials session ? session.getSessionToken() : null;
        return Runner.keys(found.getAWSAccessKeyId(), found.getAWSSecretKey(), token, null, null);
      }

      @Override
      public Map<String, Object> use() {
        // It does not know the variable.
        EndpointConfiguration endpoint =
            new EndpointConfiguration(System.getenv("AWS_ENDPOINT_URL_STS"), System.getenv("AWS_REGION"));
        AWSSecurityTokenService sts =
            AWSSecurityTokenServiceClientBuilder.standard()
                .withCredentials(chain)
                .withEndpointConfiguration(endpoint)
                .build();
        try {
          return Map.of("arn", sts.getCallerIdentity(new GetCallerIdentityRequest()).getArn());
        } finally {
          sts.shutdown();
        }
      }
    };
  }
}
