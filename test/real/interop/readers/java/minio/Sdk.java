import io.minio.MinioClient;
import io.minio.MinioProperties;
import io.minio.credentials.AwsConfigProvider;
import io.minio.credentials.ChainedProvider;
import io.minio.credentials.Credentials;
import io.minio.credentials.IamAwsProvider;
import io.minio.messages.Bucket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import okhttp3.OkHttpClient;

final class Sdk {
  static String version() {
    return MinioProperties.INSTANCE.getVersion();
  }

  /** The address of the metadata service is the app's to pass. */
  static Runner.App start() {
    String imds = System.getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    OkHttpClient http = new OkHttpClient();
    ChainedProvider chain =
        new ChainedProvider(new AwsConfigProvider(null, null), new IamAwsProvider(imds, http));
    return new Runner.App() {
      @Override
      public Map<String, Object> credentials() throws Exception {
        Credentials found = chain.fetch();
        return Runner.keys(found.accessKey(), found.secretKey(), found.sessionToken(), null, null);
      }

      @Override
      public Map<String, Object> use() throws Exception {
        MinioClient client =
            MinioClient.builder()
                .endpoint(System.getenv("AWS_ENDPOINT_URL_S3"))
                .region(System.getenv("AWS_REGION"))
                .credentialsProvider(chain)
                .build();
        List<String> names = new ArrayList<>();
        for (Bucket bucket : client.listBuckets()) names.add(bucket.name());
        return Map.of("buckets", names);
      }
    };
  }
}
