import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Apps with a Java SDK, told nothing but their environment: a JSON question on each line of stdin, one answer out. Sdk, which
 * is the folder's beside this file, says what the SDK makes of it.
 */
final class Runner {
  interface App {
    Map<String, Object> credentials() throws Exception;

    /** Whom STS, or which buckets S3, shows to what the SDK signs. */
    Map<String, Object> use() throws Exception;
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static Map<String, String> given = Map.of();

  /** Keys never leave in the clear: digests are compared. */
  static Map<String, Object> keys(String id, String secret, String token, String account, Object expires)
      throws Exception {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("id", id);
    keys.put("secret", digest(secret));
    keys.put("token", token == null ? null : token.isEmpty() ? "" : digest(token));
    if (account != null) keys.put("account", account);
    if (expires != null) keys.put("expires", expires.toString());
    return Map.of("keys", keys);
  }

  private static String digest(String value) throws Exception {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  /** Java gives its environment to read alone, and this one stays up while it is asked under others. */
  @SuppressWarnings("unchecked")
  private static void setEnvironment(Map<String, String> wanted) throws Exception {
    Field field = System.getenv().getClass().getDeclaredField("m");
    field.setAccessible(true);
    Map<String, String> environment = (Map<String, String>) field.get(System.getenv());
    environment.keySet().removeAll(given.keySet());
    environment.putAll(wanted);
    given = wanted;
  }

  private static Object answer(JsonNode question, Map<String, App> kept) throws Exception {
    String ask = question.get("ask").asText();
    if (ask.equals("version")) return Map.of("version", Sdk.version());
    JsonNode name = question.get("kept");
    App app = name == null ? Sdk.start() : kept.get(name.asText());
    if (app == null) kept.put(name.asText(), app = Sdk.start());
    return ask.equals("use") ? app.use() : app.credentials();
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, App> kept = new HashMap<>();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode question = JSON.readTree(line);
      Map<String, String> wanted = new HashMap<>();
      if (question.has("env")) {
        question.get("env").fields().forEachRemaining(one -> wanted.put(one.getKey(), one.getValue().asText()));
      }
      setEnvironment(wanted);
      // What the SDK takes for its home at start-up.
      if (wanted.containsKey("HOME")) System.setProperty("user.home", wanted.get("HOME"));
      Object answer;
      try {
        answer = answer(question, kept);
      } catch (Throwable error) {
        answer = Map.of("error", error.toString());
      }
      out.println(JSON.writeValueAsString(answer));
    }
  }
}
